// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The room in a directory, asked for by everybody who writes there: the quota, and what the file system has free.
///
/// Writers on streaming threads ask before they write and wait here while old chunks are deleted; nothing but the lock
/// is held meanwhile.
// The mutex guards `quota` and `exhausted`; the rest never changes.
package final class Space: @unchecked Sendable {
    private let directory: String
    private var quota: Quota
    /// Of whom nothing is left that may be deleted, so that waiting would be in vain; `nil` is everybody.
    private var exhausted: Set<String?> = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Called, on any thread, when something has to go.
    private let isShort: @Sendable () -> Void
    /// Writers write what fits a quarter of a second: they wait this long for room before they give up.
    private let patience: Duration

    package init(
        directory: String,
        quota: Quota,
        patience: Duration = .seconds(5),
        isShort: @escaping @Sendable () -> Void
    ) {
        (self.directory, self.quota, self.patience, self.isShort) = (directory, quota, patience, isShort)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// What the books say now.
    package var books: Quota { locked { quota } }

    /// What has to go now; `nil` if nothing has to.
    package func demand(exhausted: Set<String> = []) throws(FileError) -> Quota.Demand? {
        let free = try FileSystem.space(of: directory).free
        return locked { quota.demand(free: free, exhausted: exhausted) }
    }

    /// What chunks can take at most, in bytes.
    package func room() throws(FileError) -> Int64 {
        let free = try FileSystem.space(of: directory).free
        return locked { quota.room(free: free) }
    }

    /// Whether what no store has takes nearly all of that.
    package func isShort(_ acknowledgement: ChunkIndex.Acknowledgement) throws(FileError) -> Bool {
        acknowledgement.unacknowledged > (try room()) / 10 * 9
    }

    /// Whether something would have to go for so many bytes of a camera's: of its own, or of anybody's.
    package func shortage(of bytes: Int64, of camera: String) throws(FileError) -> (isOwn: Bool, isAnybodys: Bool) {
        let free = try FileSystem.space(of: directory).free
        return locked { (quota.isShort(by: bytes, ofLimitOf: camera), quota.isShort(by: bytes, free: free)) }
    }

    /// Changes the books, and wakes whoever waits for room.
    package func update<Result>(_ change: (inout Quota) -> Result) -> Result {
        let (result, demands) = locked {
            defer { pthread_cond_broadcast(changed) }
            exhausted = []
            let result = change(&quota)
            return (result, quota.demand(free: .max) != nil)
        }
        if demands { isShort() }
        return result
    }

    /// Nothing is left to delete of a camera, or of any; until the books change.
    package func setExhausted(_ camera: String?) {
        locked {
            exhausted.insert(camera)
            pthread_cond_broadcast(changed)
        }
    }

    /// Wakes the writers that wait, so that those who were interrupted notice.
    package func wake() { locked { _ = pthread_cond_broadcast(changed) } }

    /// Charges what an open file is about to take in all; waits for room, for some seconds at most.
    ///
    /// - Throws: ``FileError`` with `ENOSPC` when there is no room and none can be made in time.
    package func charge(
        _ file: Int64,
        of camera: String,
        to bytes: Int64,
        isInterrupted: () -> Bool
    ) throws(FileError) {
        let deadline = deadline()
        while true {
            let free = try FileSystem.space(of: directory).free
            let (isGranted, isAhead) = locked {
                (quota.charge(file, of: camera, to: bytes, free: free), quota.demand(free: free) == nil)
            }
            if !isAhead || !isGranted { isShort() }
            if isGranted { return }
            try wait(camera, until: deadline, isInterrupted: isInterrupted)
        }
    }

    /// Waits after a write for which the disk had no room, whatever the books say: somebody else filled it.
    package func waitForRoom(
        _ camera: String,
        until deadline: Deadline,
        isInterrupted: () -> Bool
    ) throws(FileError) {
        isShort()
        try wait(camera, until: deadline, isInterrupted: isInterrupted)
    }

    /// A point on the monotonic clock up to which a writer waits.
    package struct Deadline: Sendable {
        fileprivate let time: timespec

        fileprivate var isOver: Bool {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return (now.tv_sec, now.tv_nsec) >= (time.tv_sec, time.tv_nsec)
        }
    }

    package func deadline() -> Deadline { Self.after(patience) }

    private static func after(_ duration: Duration) -> Deadline {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let (seconds, attoseconds) = duration.components
        time.tv_sec += Int(seconds)
        time.tv_nsec += Int(attoseconds / 1_000_000_000)
        if time.tv_nsec >= 1_000_000_000 {
            (time.tv_sec, time.tv_nsec) = (time.tv_sec + 1, time.tv_nsec - 1_000_000_000)
        }
        return Deadline(time: time)
    }

    private func wait(
        _ camera: String,
        until deadline: Deadline,
        isInterrupted: () -> Bool
    ) throws(FileError) {
        if isInterrupted() { throw FileError("wait for room in", directory, code: EINTR) }
        // A disk that others fill and empty tells nobody: looked at ten times a second.
        var next = Self.after(.milliseconds(100)).time
        pthread_mutex_lock(mutex)
        if exhausted.isEmpty { pthread_cond_timedwait(changed, mutex, &next) }
        let isInVain = exhausted.contains(nil) || exhausted.contains(camera) || deadline.isOver
        pthread_mutex_unlock(mutex)
        if isInVain { throw FileError("find room in", directory, code: ENOSPC, words: try shortage(of: camera)) }
    }

    /// Why there is no room, and what to do, in words for the user.
    private func shortage(of camera: String) throws(FileError) -> String {
        let free = try FileSystem.space(of: directory).free
        let (quota, exhausted) = locked { (self.quota, self.exhausted) }
        let limits = quota.limits
        var words: String
        if let limit = limits.cameraMaxSpace[camera], quota.used(by: camera) > limit - limit / 32 {
            words = "the camera's max-space (\(Self.size(limit))) is used up"
        } else if let limit = limits.maxSpace, quota.used > limit - limit / 32 {
            words = "max-space (\(Self.size(limit))) is used up"
        } else {
            words = "the disk has \(Self.size(free)) free, and min-free keeps \(Self.size(limits.minFree))"
        }
        if !exhausted.isEmpty { words += "; what is left is protected or being written" }
        return "\(words): release chunks, raise the limit, or free space"
    }

    private static func size(_ bytes: Int64) -> String {
        bytes >= 10_000_000_000 ? "\(bytes / 1_000_000_000) GB" : "\(bytes / 1_000_000) MB"
    }
}
