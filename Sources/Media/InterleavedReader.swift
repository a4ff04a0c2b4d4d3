// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Footage
internal import GLib
internal import GStreamer
internal import Glibc
internal import Synchronization

/// One thread that reads what comes over many connections.
///
/// A connection that somebody waits for is read as soon as anything comes. Of the others the kernel keeps what comes for a
/// tenth of a second, and all are read together: ten wake-ups a second, however many there are.
final class InterleavedReader: Sendable {
    /// What is to be done when a connection has something; on the reading thread.
    protocol Connection: AnyObject, Sendable {
        var descriptor: Int32 { get }
        /// Whether what comes may wait for a tenth of a second; on any thread.
        var isPatient: Bool { get }
        /// Takes all there is, without waiting; returns whether there will be more.
        func read(into buffer: UnsafeMutableRawBufferPointer) -> Bool
    }

    /// A connection's place, until ``remove()``.
    final class Place: Sendable {
        fileprivate let connection: any Connection
        fileprivate let descriptor: Int32
        private let reader: InterleavedReader
        /// Held while it is read, so that nobody is told of anything once it is removed.
        fileprivate let isRemoved = Mutex(false)
        /// Held for a moment, within any other lock.
        private let waiting = Mutex((isPatient: false, isOver: false))

        fileprivate init(_ connection: any Connection, in reader: InterleavedReader) {
            (self.connection, descriptor, self.reader) = (connection, connection.descriptor, reader)
        }

        fileprivate var isPatient: Bool { waiting.withLock { $0.isPatient } }

        /// Goes by what the connection's patience is now; on any thread.
        func update() {
            let isNewPatient = waiting.withLock { waiting in
                let wanted = connection.isPatient
                // The descriptor's number may be another's by then.
                guard !waiting.isOver, wanted != waiting.isPatient else { return false }
                waiting.isPatient = wanted
                reader.patients.add(wanted ? 1 : -1, ordering: .sequentiallyConsistent)
                // The kernel wakes nobody for less, and at once for what is there already when it is made less. A
                // keyframe that is larger than a socket takes does not wait.
                var bytes: Int32 = wanted ? InterleavedReader.patience.bytes : 1
                setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &bytes, socklen_t(MemoryLayout<Int32>.size))
                return wanted
            }
            if isNewPatient { reader.wake() }
        }

        /// It is read no more, and its descriptor may be closed.
        fileprivate func leave() {
            waiting.withLock { waiting in
                if waiting.isPatient { reader.patients.subtract(1, ordering: .sequentiallyConsistent) }
                waiting = (false, true)
            }
        }

        /// Nothing is read of it any more when this returns.
        func remove() {
            isRemoved.withLock { $0 = true }
            reader.forget(self)
        }

        /// What has come is read now, on this thread, and nothing thereafter.
        func drain() {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: InterleavedReader.bufferSize, alignment: 16)
            defer { buffer.deallocate() }
            isRemoved.withLock { isRemoved in
                if !isRemoved { _ = connection.read(into: buffer) }
                isRemoved = true
            }
            reader.forget(self)
        }
    }

    static let shared = InterleavedReader()

    private let places = Mutex<[Int32: Place]>([:])
    private let poll: Int32
    private let bell: Int32
    private let isStarted = Atomic<Bool>(false)
    /// Connections that may wait.
    private let patients = Atomic<Int>(0)

    /// What may wait: for so long, and so much.
    fileprivate static let patience = (time: Duration.milliseconds(100), bytes: Int32(64 << 10))
    /// Read of one connection at a time.
    private static let bufferSize = 256 << 10
    private static let eventLimit = 64

    private init() {
        // Where the process has no descriptor left by now, nothing else would work either: it says so at each ``add(_:)``.
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: bell))
        epoll_ctl(poll, EPOLL_CTL_ADD, bell, &event)
    }

    /// Reads a connection from now on, at once whenever something comes.
    ///
    /// - Throws: ``FileError`` if the kernel has no room for another.
    func add(_ connection: any Connection) throws(FileError) -> Place {
        let place = Place(connection, in: self)
        places.withLock { $0[place.descriptor] = place }
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: place.descriptor))
        guard epoll_ctl(poll, EPOLL_CTL_ADD, place.descriptor, &event) == 0 else {
            let error = FileError("wait for", "the camera's connection")
            forget(place)
            throw error
        }
        if !isStarted.exchange(true, ordering: .relaxed) { DetachedThread.start("rtsp-reader") { [self] in run() } }
        return place
    }

    private func forget(_ place: Place) {
        let isOurs = places.withLock { places in
            guard places[place.descriptor] === place else { return false }
            places[place.descriptor] = nil
            return true
        }
        // The number may be another's already.
        guard isOurs else { return }
        epoll_ctl(poll, EPOLL_CTL_DEL, place.descriptor, nil)
        place.leave()
    }

    private func wake() {
        var one: UInt64 = 1
        write(bell, &one, MemoryLayout<UInt64>.size)
    }

    private func run() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 16)
        defer { buffer.deallocate() }
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventLimit)
        var next = ClockTime.now + Self.patience.time
        while true {
            let hasPatient = patients.load(ordering: .sequentiallyConsistent) > 0
            let wait = hasPatient ? Int32(max(0, ((next - .now) / .milliseconds(1)).rounded(.up))) : -1
            let count = epoll_wait(poll, &events, Int32(events.count), wait)
            for event in events.prefix(Int(max(0, count))) {
                if event.data.fd == bell {
                    var number: UInt64 = 0
                    Glibc.read(bell, &number, MemoryLayout<UInt64>.size)
                } else if let place = places.withLock({ $0[event.data.fd] }) {
                    read(place, into: buffer)
                }
            }
            let now = ClockTime.now
            guard now >= next else { continue }
            next = now + Self.patience.time
            let patient = places.withLock { $0.values.filter(\.isPatient) }
            for place in patient { read(place, into: buffer) }
        }
    }

    private func read(_ place: Place, into buffer: UnsafeMutableRawBufferPointer) {
        let goesOn = place.isRemoved.withLock { isRemoved in
            if !isRemoved, !place.connection.read(into: buffer) { isRemoved = true }
            return !isRemoved
        }
        if goesOn { place.update() } else { forget(place) }
    }
}
