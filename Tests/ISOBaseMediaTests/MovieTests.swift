// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Movie")
struct MovieTests {
    private static func movie(_ bytes: [UInt8]) throws -> Movie { try bytes.withUnsafeBytes { try Movie($0) } }

    @Test("frames, length, codec and size are read, with times of 32 and of 64 bits", arguments: [false, true])
    func read(isLarge: Bool) throws {
        let movie = try Self.movie(
            movieBox(
                frames: 18_000,
                timescale: 3000,
                duration: 1_800_050,
                isLarge: isLarge,
                codec: "hvc1",
                size: (3840, 2160)
            )
        )
        #expect(movie.frames == 18_000)
        #expect(movie.length == .seconds(600) + .nanoseconds(16_666_666))
        #expect(movie.codec == "hvc1" && movie.width == 3840 && movie.height == 2160)
    }

    @Test("sound alone is no movie of ours")
    func sound() {
        #expect(throws: Movie.Malformed.noVideoTrack) {
            _ = try Self.movie(movieBox(frames: 3, duration: 3, handler: "soun"))
        }
        #expect(throws: Movie.Malformed.noVideoTrack) { _ = try Self.movie(box("moov")) }
    }

    @Test("a movie without a timescale has no length, rather than an endless one")
    func noTimescale() throws {
        #expect(try Self.movie(movieBox(frames: 3, timescale: 0, duration: 90)).length == .zero)
    }

    @Test("a movie that is cut off anywhere is an error")
    func truncated() {
        let whole = movieBox(frames: 30, duration: 90_000)
        for count in 0..<whole.count {
            #expect(throws: Movie.Malformed.self) { _ = try Self.movie(Array(whole.prefix(count))) }
        }
    }

    @Test("whatever the bytes are, it is an answer or an error", arguments: 0..<40)
    func fuzz(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var damaged = movieBox(frames: 30, duration: 90_000, isLarge: Bool.random(using: &random))
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let movie = try Self.movie(damaged)
                // Lengths of any damage can be told.
                #expect(movie.length >= .zero, "seed \(seed)")
            } catch {
                #expect(error is Movie.Malformed, "seed \(seed): \(error)")
            }
        }
    }
}
