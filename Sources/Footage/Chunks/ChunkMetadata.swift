// SPDX-License-Identifier: Apache-2.0
package import ISOBaseMedia

/// What a finished chunk says of itself, in a box at its end: enough to make the index anew from the files alone.
///
/// Text, so that `strings` or `tail` show it to a person: a line for each item, `key=value`, the first with the version.
/// Items that a later version adds are passed over.
package struct ChunkMetadata: Equatable, Sendable {
    /// The extended type of the `uuid` box: in ASCII `martlet-chunk-v1`.
    package static let type = UserExtensionBox.ExtendedType(high: 0x6d61_7274_6c65_742d, low: 0x6368_756e_6b2d_7631)

    /// The store that wrote it.
    package var store: String
    package var camera: String
    /// The run's identity, the same at camera and store wherever the run is known to both.
    package var run: String
    /// The store's number for the chunk.
    package var id: Int64
    package var sequence: Int
    /// Time of the first frame, as it was known when the chunk was closed.
    package var start: UTCTime
    /// Media time of the first frame in nanoseconds.
    package var mediaTime: Int64
    package var clock: RunClock.State
    /// Which start of the machine ``mediaTime`` counts in.
    package var boot: String
    package var origin: Chunk.Origin
    /// Of footage of a camera's card, the camera's own run, in which ``mediaTime`` counts.
    package var source: String?
    /// When it is to be deleted, if not by its number.
    package var turn: Int64?
    /// Which live chunks it stands in the place of, and in which spans of their media time.
    package var cuts: [Cut] = []

    package init(
        store: String,
        camera: String,
        run: String,
        id: Int64,
        sequence: Int,
        start: UTCTime,
        mediaTime: Int64,
        clock: RunClock.State,
        boot: String,
        origin: Chunk.Origin
    ) {
        (self.store, self.camera, self.run, self.id, self.sequence) = (store, camera, run, id, sequence)
        (self.start, self.mediaTime, self.clock, self.boot, self.origin) = (start, mediaTime, clock, boot, origin)
    }

    /// The box's content.
    package var text: String {
        var more = ""
        if let source { more += "source=\(source)\n" }
        if let turn { more += "turn=\(turn)\n" }
        if !cuts.isEmpty {
            let list = cuts.map { "\($0.chunk):\($0.span.lowerBound)-\($0.span.upperBound)" }
            more += "instead-of=\(list.joined(separator: ","))\n"
        }
        return """
            martlet-chunk=1
            store=\(store)
            camera=\(camera)
            run=\(run)
            id=\(id)
            sequence=\(sequence)
            start=\(start.nanoseconds)
            media-time=\(mediaTime)
            clock=\(clock.rawValue)
            boot=\(boot)
            origin=\(origin.rawValue)

            """ + more
    }

    /// `12:1000-2000,13:500-900`; what is no such thing is none.
    private static func cuts(_ text: Substring) -> [Cut] {
        text.split(separator: ",").compactMap { item in
            let numbers = item.split { $0 == ":" || $0 == "-" }.compactMap { Int64($0) }
            guard numbers.count == 3, numbers[1] < numbers[2] else { return nil }
            return Cut(chunk: numbers[0], span: numbers[1]..<numbers[2])
        }
    }

    /// More chunks than a store ever writes: files may claim what they like, and are reckoned with.
    private static let largestNumber: Int64 = 1 << 53
    /// The year 2200, in nanoseconds since 1970.
    private static let latest: Int64 = 7_258_118_400_000_000_000

    /// Reads the box's content; `nil` if it is not what ``text`` makes.
    package init?(_ content: [UInt8]) {
        var items: [Substring: Substring] = [:]
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { return nil }
            items[line[..<equals]] = line[line.index(after: equals)...]
        }
        guard items["martlet-chunk"] == "1", let store = items["store"], let camera = items["camera"],
            let run = items["run"], let boot = items["boot"],
            let id = items["id"].flatMap({ Int64($0) }), (1...Self.largestNumber).contains(id),
            let sequence = items["sequence"].flatMap({ Int($0) }), (0...Int(Self.largestNumber)).contains(sequence),
            let start = items["start"].flatMap({ Int64($0) }), (0...Self.latest).contains(start),
            let mediaTime = items["media-time"].flatMap({ Int64($0) }), (0...Self.latest).contains(mediaTime),
            let clock = items["clock"].flatMap({ RunClock.State(rawValue: String($0)) }),
            let origin = items["origin"].flatMap({ Chunk.Origin(rawValue: String($0)) })
        else { return nil }
        self.init(
            store: String(store),
            camera: String(camera),
            run: String(run),
            id: id,
            sequence: sequence,
            start: UTCTime(nanoseconds: start),
            mediaTime: mediaTime,
            clock: clock,
            boot: String(boot),
            origin: origin
        )
        source = items["source"].map { String($0) }
        turn = items["turn"].flatMap { Int64($0) }.flatMap { (0...Self.largestNumber).contains($0) ? $0 : nil }
        cuts = items["instead-of"].map(Self.cuts) ?? []
    }
}
