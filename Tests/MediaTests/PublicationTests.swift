// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

@Suite("Publication", .gstreamer, .timeLimit(.minutes(1)))
struct PublicationTests {
    /// Which connections were ended.
    private final class Ends: Sendable {
        private let numbers = Mutex<[UInt]>([])

        func note(_ number: UInt) { numbers.withLock { $0.append(number) } }

        var all: [UInt] { numbers.withLock { $0 } }
    }

    private let ends = Ends()

    private func publisher(_ connection: UInt, _ clock: SenderClock = .unknown) -> Publication.Publisher {
        .init(connection: connection, senderClock: clock, cut: { [ends] in ends.note(connection) })
    }

    private static func frame() -> Sample { .made(of: [1], presentation: .now, isKeyframe: true) }

    @Test("before the start and after the end nobody is taken in")
    func closed() async {
        let publication = Publication()
        #expect(publication.claim(publisher(1)) == .serviceUnavailable)
        await publication.start()
        #expect(publication.claim(publisher(1)) == .ok)
        await publication.stop()
        #expect(ends.all == [1])
        #expect(publication.claim(publisher(2)) == .serviceUnavailable)
    }

    @Test("the first goes on: another is refused while it brings something, and its frames are its own")
    func second() async throws {
        let publication = Publication()
        let taken = Mutex(0)
        publication.onFrame { _ in taken.withLock { $0 += 1 } }
        await publication.start()
        #expect(publication.claim(publisher(1, .synchronised)) == .ok)
        publication.take(Self.frame(), from: 1)
        #expect(publication.claim(publisher(2, .unsynchronised)) == .notValidInThisState)
        publication.take(Self.frame(), from: 2)
        #expect(taken.withLock { $0 } == 1)
        #expect(publication.senderClock == .synchronised)
        // The same one may announce again.
        #expect(publication.claim(publisher(1)) == .ok)
        publication.leave(2)
        publication.take(Self.frame(), from: 1)
        #expect(taken.withLock { $0 } == 2)
        #expect(ends.all.isEmpty)
    }

    @Test("a connection that has fallen silent gives way to the next")
    func silent() async throws {
        let publication = Publication(silence: .zero)
        await publication.start()
        #expect(publication.claim(publisher(1)) == .ok)
        publication.take(Self.frame(), from: 1)
        // It may come back: by then the former publication has ended.
        #expect(publication.claim(publisher(2)) == .serviceUnavailable)
        var messages = publication.messages.makeAsyncIterator()
        #expect(await messages.next() == .error(source: "", text: "the camera comes on another connection", detail: ""))
        await publication.stop()
        #expect(ends.all == [1])
        #expect(await messages.next() == nil)
    }

    @Test("a connection that ends is said, if it brought anything")
    func left() async throws {
        let publication = Publication()
        await publication.start()
        #expect(publication.claim(publisher(1)) == .ok)
        publication.leave(1)
        #expect(publication.claim(publisher(2)) == .ok)
        publication.take(Self.frame(), from: 2)
        publication.leave(2)
        var messages = publication.messages.makeAsyncIterator()
        #expect(await messages.next() == .error(source: "", text: "the camera's connection ended", detail: ""))
        // The next one has the next publication.
        #expect(publication.claim(publisher(3)) == .serviceUnavailable)
    }

    @Test("whoever announces and sends nothing loses the place, and its connection")
    func nothing() async throws {
        let publication = Publication(patience: .milliseconds(50))
        await publication.start()
        #expect(publication.claim(publisher(1)) == .ok)
        try await eventually(within: .seconds(60)) { ends.all == [1] }
        #expect(ends.all == [1])
        #expect(publication.claim(publisher(2)) == .ok)
    }
}
