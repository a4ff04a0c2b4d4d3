// SPDX-License-Identifier: Apache-2.0

extension Checks {
    /// A quota holds at least one chunk of each camera: the one that is being written is nobody's to delete.
    func checkQuotas() {
        if let camera = configuration.camera, camera.recording.enabled {
            checkQuota("camera.recording", camera.recording, chunks: [chunkSize(camera.recording, camera.bitrate)])
        }
        guard let store = configuration.store, store.recording.enabled else { return }
        let recorded = configuration.cameras.filter(\.record)
        let chunk = chunkSize(store.recording, Self.usualRate)
        checkQuota("store.recording", store.recording, chunks: recorded.map { _ in chunk })
        for camera in recorded {
            let key = "cameras.\(camera.name).max-space"
            guard let maxSpace = camera.maxSpace, findings.isSound(key) else { continue }
            let least = Self.least([chunk])
            if maxSpace < least {
                report(
                    key,
                    "\(maxSpace) does not hold one chunk of the camera",
                    hint: "at least \(least), or \(Self.help)"
                )
            }
        }
    }

    private func checkQuota(_ table: String, _ recording: Configuration.Recording, chunks: [ByteCount]) {
        let key = "\(table).max-space"
        guard let maxSpace = recording.maxSpace, findings.isSound(key), !chunks.isEmpty else { return }
        let least = Self.least(chunks)
        guard maxSpace < least else { return }
        let what = chunks.count == 1 ? "one chunk" : "one chunk of each of \(chunks.count) cameras"
        report(key, "\(maxSpace) does not hold \(what)", hint: "at least \(least), or \(Self.help)")
    }

    private static let help = "a shorter chunk-duration or a smaller chunk-size"

    /// What cameras send unless somebody has set them otherwise: the store learns it only when they do.
    private static let usualRate = BitRate(bitsPerSecond: 4_000_000)

    /// What a chunk comes to at a bitrate, if nothing cuts it earlier.
    private func chunkSize(_ recording: Configuration.Recording, _ rate: BitRate) -> ByteCount {
        let seconds = recording.chunkDuration / .seconds(1)
        let size = ByteCount(bytes: Int64(seconds * Double(rate.bitsPerSecond) / 8))
        return min(size, recording.chunkSize ?? size)
    }

    /// The chunks, a fiftieth for their indices and for what is kept free ahead, and the index; in whole megabytes.
    private static func least(_ chunks: [ByteCount]) -> ByteCount {
        let bytes = chunks.reduce(0) { $0 + $1.bytes }
        return .megabytes((bytes + bytes / 50) / 1_000_000 + 4)
    }
}
