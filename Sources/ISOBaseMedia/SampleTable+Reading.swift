// SPDX-License-Identifier: Apache-2.0

extension SampleTable {
    /// Reads the index boxes of a file, and none of its media.
    ///
    /// mp4mux writes the media first and then the `moov` or `moof` that describes them (seen with 1.22 and 1.26); other
    /// muxers do it the other way round. A fragment counts when both are there.
    ///
    /// With `isTorn` nobody writes to it any more, and an index is looked for where a muxer that was finalising leaves it
    /// hidden behind the last media.
    ///
    /// - Throws: ``ReadError``, if there is no `moov` to begin with. What is wrong behind it is only the table's end.
    package init<Source: ByteSource>(_ source: Source, isTorn: Bool = false) throws(ReadError<Source.Failure>) {
        var boxes = try TopLevelBoxes(source)
        var leading: [TopLevelBox] = []
        while let box = try boxes.next() {
            if isTorn, let (movie, range) = try boxes.finalMovie(in: box) {
                self.init(finalising: movie, at: range, rooms: Room.rooms(leading: leading, movie: nil))
                return
            }
            guard box.type == "moov", box.isComplete else {
                if leading.count < 3 { leading.append(box) }
                continue
            }
            let content = try boxes.content(of: box)
            var reading: TableReading
            do throws(Malformed) {
                reading = try TableReading(MovieBox(content), indexEnd: box.range.upperBound, fileSize: boxes.fileSize)
            } catch { throw .malformed(error) }
            // A finished movie's fragments would be none of it; a second movie is what a repair left.
            let rooms = Room.rooms(leading: leading, movie: box)
            if reading.movie.defaults != nil, let (movie, range) = try reading.readFragments(&boxes, isTorn: isTorn) {
                self.init(finalising: movie, at: range, rooms: rooms)
                return
            }
            self.init(
                movie: reading.movie,
                samples: reading.samples,
                playableEnd: reading.playableEnd,
                fault: reading.fault,
                rooms: rooms
            )
            return
        }
        throw .noMovie
    }
}

/// A table that is being read.
private struct TableReading {
    let movie: MovieBox
    private(set) var samples: [MediaSample] = []
    private(set) var playableEnd: UInt64 = 0
    private(set) var fault: Malformed?

    private let fileSize: UInt64
    /// Whether all media up to here are in the file.
    private var isWhole = true
    /// How many samples the fragments have, of all tracks.
    private var counted = 0

    /// Begins with what the `moov` itself describes.
    init(_ movie: MovieBox, indexEnd: UInt64, fileSize: UInt64) throws(Malformed) {
        self.movie = movie
        self.fileSize = fileSize
        let mediaEnd = movie.table.samples.map(\.range.upperBound).max() ?? 0
        if mediaEnd <= fileSize {
            samples = movie.table.samples
            playableEnd = max(indexEnd, mediaEnd)
        } else if movie.defaults != nil {
            // The first fragment's media are still to come.
            isWhole = false
        } else {
            throw Malformed("moov: media behind the end of the file", at: mediaEnd)
        }
    }

    /// Adds one fragment after the other, until one is not whole or is none.
    ///
    /// Returns the `moov` of the whole file, if a muxer that was finalising it had come as far as that.
    mutating func readFragments<Source: ByteSource>(
        _ boxes: inout TopLevelBoxes<Source>,
        isTorn: Bool
    ) throws(ReadError<Source.Failure>) -> (MovieBox, Range<UInt64>)? {
        do throws(ReadError<Source.Failure>) {
            while isWhole, let box = try boxes.next() {
                if isTorn, let final = try boxes.finalMovie(in: box) { return final }
                guard box.type == "moof" else { continue }
                guard box.isComplete else { return nil }
                let content = try boxes.content(of: box)
                do throws(Malformed) { try add(content, indexEnd: box.range.upperBound) } catch {
                    throw .malformed(error)
                }
            }
        } catch {
            guard case .malformed(let fault) = error else { throw error }
            self.fault = fault
        }
        return nil
    }

    private mutating func add(_ content: BoxContent, indexEnd: UInt64) throws(Malformed) {
        let fragment = try FragmentBox(content, of: movie, maximum: SampleTableBox.maximum - samples.count - counted)
        guard fragment.mediaEnd <= fileSize else {
            isWhole = false
            return
        }
        counted += fragment.counted - fragment.samples.count
        playableEnd = max(playableEnd, indexEnd, fragment.mediaEnd)
        var time = samples.last.map { $0.decodeTime + UInt64($0.duration) } ?? 0
        if let start = fragment.decodeTime, !fragment.samples.isEmpty {
            // Rounded times leave gaps and overlaps of a unit or so: the sample before lasts until the next is decoded.
            if let last = samples.last {
                guard start >= last.decodeTime, let duration = UInt32(exactly: start - last.decodeTime) else {
                    throw content.malformed("time goes back, or far ahead")
                }
                samples[samples.count - 1].duration = duration
            }
            time = start
        }
        for var sample in fragment.samples {
            sample.decodeTime = time
            time += UInt64(sample.duration)
            samples.append(sample)
        }
    }
}
