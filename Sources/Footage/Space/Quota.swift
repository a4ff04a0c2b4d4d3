// SPDX-License-Identifier: Apache-2.0

/// What a directory of chunks may hold, and what it holds: pure bookkeeping in bytes of disk space.
///
/// A writer asks before it writes (``charge(_:of:to:free:)``), so the directory never holds more than the limit, not for
/// a moment. What is charged for an open file reaches ahead of it: to where its next bytes end, and as far as it will
/// need to be finished.
package struct Quota: Sendable {
    package struct Limits: Equatable, Sendable {
        /// The most that the directory may hold; `nil` for whatever `minFree` leaves.
        package var maxSpace: Int64?
        /// What must stay free on the file system.
        package var minFree: Int64
        /// The most that one camera may take, what it is writing included.
        package var cameraMaxSpace: [String: Int64]
        /// How old a chunk may become; acts only while the clock is synchronised.
        package var maxAge: Duration?

        package init(
            maxSpace: Int64? = nil,
            minFree: Int64 = 0,
            cameraMaxSpace: [String: Int64] = [:],
            maxAge: Duration? = nil
        ) {
            (self.maxSpace, self.minFree) = (maxSpace, minFree)
            (self.cameraMaxSpace, self.maxAge) = (cameraMaxSpace, maxAge)
        }
    }

    /// What has to go.
    package enum Demand: Equatable, Sendable {
        /// The oldest chunk, whosever it is.
        case oldest
        /// The oldest chunk of one camera, which has a limit of its own.
        case oldestOf(String)
    }

    package var limits: Limits
    /// Folders, and whatever else lies in the directory.
    package var overhead: Int64 = 0
    /// What the index takes; it may take ``indexGrowth`` more before it is looked at again.
    package var indexBytes: Int64 = 0
    /// More than one change makes an index grow.
    private static let indexGrowth: Int64 = 512 << 10
    private var finished: [String: Int64] = [:]
    private var finishedTotal: Int64 = 0
    private var open: [Int64: Charge] = [:]
    private var openTotal: Int64 = 0
    /// A chunk's share of its folder: a name of about 60 bytes, twice while it is renamed, and some more for the file system.
    package static let entryCost: Int64 = 512

    private struct Charge {
        var camera: String
        /// What the file may take on the disk at this moment, at most.
        var bytes: Int64
        /// What it takes, as the file system says.
        var allocated: Int64
    }

    package init(limits: Limits) { self.limits = limits }

    /// What the directory holds at most, at this moment.
    package var used: Int64 { overhead + indexBytes + Self.indexGrowth + finishedTotal + openTotal }

    /// What one camera takes of that: its finished chunks and what it is writing.
    package func used(by camera: String) -> Int64 {
        (finished[camera] ?? 0) + open.values.reduce(0) { $0 + ($1.camera == camera ? $1.bytes : 0) }
    }

    /// How many files are being written.
    package var openFiles: Int { open.count }

    // MARK: Open files

    /// Charges what an open file is about to take, in all, if there is room for it.
    ///
    /// `free` is what the file system has free at this moment.
    package mutating func charge(_ file: Int64, of camera: String, to bytes: Int64, free: Int64) -> Bool {
        let present = open[file]
        guard bytes > present?.bytes ?? 0 else { return true }
        set(file, Charge(camera: camera, bytes: bytes, allocated: present?.allocated ?? 0))
        if fits(free: free, camera: camera) { return true }
        if let present { set(file, present) } else { remove(file) }
        return false
    }

    private func fits(free: Int64, camera: String) -> Bool {
        if let maxSpace = limits.maxSpace, used > maxSpace { return false }
        if let limit = limits.cameraMaxSpace[camera], used(by: camera) > limit { return false }
        return free - promised >= limits.minFree
    }

    /// What the open files are charged for beyond what they take.
    private var promised: Int64 { open.values.reduce(0) { $0 + max(0, $1.bytes - $1.allocated) } }

    /// What an open file really takes now.
    package mutating func settle(_ file: Int64, allocated: Int64) {
        guard var charge = open[file] else { return }
        charge.allocated = allocated
        charge.bytes = max(charge.bytes, allocated)
        set(file, charge)
    }

    /// An open file became a chunk.
    package mutating func finish(_ file: Int64, of camera: String, allocated: Int64) {
        remove(file)
        add(allocated, of: camera)
    }

    /// An open file is gone.
    package mutating func remove(_ file: Int64) {
        guard let charge = open.removeValue(forKey: file) else { return }
        openTotal -= charge.bytes
    }

    private mutating func set(_ file: Int64, _ charge: Charge) {
        openTotal += charge.bytes - (open[file]?.bytes ?? 0)
        open[file] = charge
    }

    // MARK: Finished chunks

    /// A finished chunk is there, or several.
    package mutating func add(_ allocated: Int64, of camera: String, files: Int = 1) {
        let bytes = allocated + Self.entryCost * Int64(files)
        finished[camera, default: 0] += bytes
        finishedTotal += bytes
    }

    /// A finished chunk is gone.
    package mutating func release(_ allocated: Int64, of camera: String) {
        finished[camera, default: 0] -= allocated + Self.entryCost
        finishedTotal -= allocated + Self.entryCost
    }

    /// A part of a finished chunk's file was cut off.
    package mutating func shrink(by bytes: Int64, of camera: String) {
        finished[camera, default: 0] -= bytes
        finishedTotal -= bytes
    }

    // MARK: What must go

    /// Room that is kept ahead of the writers, so that deleting is done before anybody has to wait for it.
    package var headroom: Int64 {
        Self.headroom(of: limits.maxSpace ?? finishedTotal)
    }

    private static func headroom(of limit: Int64) -> Int64 { min(max(limit / 64, 1 << 20), 256 << 20) }

    /// What chunks can take at most, with `free` bytes free on the file system.
    package func room(free: Int64) -> Int64 {
        let others = used - finishedTotal - openTotal
        let byDisk = finishedTotal + openTotal + max(0, free - limits.minFree)
        return min(byDisk, limits.maxSpace.map { $0 - others } ?? .max) - headroom
    }

    /// Whether something of a camera's own would have to go for so many bytes more of it.
    package func isShort(by bytes: Int64, ofLimitOf camera: String) -> Bool {
        guard let limit = limits.cameraMaxSpace[camera] else { return false }
        return used(by: camera) + bytes > limit - Self.headroom(of: limit)
    }

    /// Whether something would have to go for so many bytes, with `free` bytes free on the file system.
    package func isShort(by bytes: Int64, free: Int64) -> Bool {
        if let limit = limits.maxSpace, used + bytes > limit - headroom { return true }
        return free - promised - bytes < limits.minFree + headroom
    }

    /// What has to go now, with `free` bytes free on the file system; `nil` if nothing has to.
    ///
    /// `exhausted` are the cameras of which nothing more may go.
    package func demand(free: Int64, exhausted: Set<String> = []) -> Demand? {
        if let maxSpace = limits.maxSpace, used > maxSpace - headroom { return .oldest }
        // Where nothing is to stay free, nobody deletes for it: a command that opens a store for a moment.
        if limits.minFree > 0, free - promised < limits.minFree + headroom { return .oldest }
        for (camera, limit) in limits.cameraMaxSpace where !exhausted.contains(camera) {
            if used(by: camera) > limit - Self.headroom(of: limit) { return .oldestOf(camera) }
        }
        return nil
    }
}
