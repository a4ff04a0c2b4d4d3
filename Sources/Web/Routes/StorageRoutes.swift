// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import HTTP

/// How much there is, and how much room.
enum StorageRoutes {
    static let routes = [
        Route(.get, "/storage", .role(.viewer), "What the footage takes, by camera, and what is left") { call in
            HTTPResponse(json: try await storage(call))
        }
    ]

    private struct Storage: Encodable {
        let directory: String
        let used: Int64
        let maxSpace: Int64?
        /// What is left free, whatever there is to record.
        let minFree: Int64
        let free: Int64?
        let oldest: String?
        let cameras: [Camera]

        private enum CodingKeys: String, CodingKey {
            case directory, used
            case maxSpace = "max-space"
            case minFree = "min-free"
            case free, oldest, cameras
        }
    }

    private struct Camera: Encodable {
        let camera: String
        /// What its finished chunks take on the disk, in bytes.
        let used: Int64
        let oldest: String?
        /// Bytes a second, over the last day of footage.
        let rate: Double?
    }

    private static let recent = Duration.seconds(24 * 3600)

    private static func storage(_ call: Call) async throws -> Storage {
        let store = try await call.backend.store()
        let index = store.index
        var cameras: [Camera] = []
        var oldest: UTCTime?
        for name in try await index.cameras() {
            let first = try await index.firstStart(of: name)
            if let first { oldest = min(oldest ?? first, first) }
            let now = UTCTime.now
            let last = try await index.chunks(camera: name, from: now - recent, to: now).filter {
                $0.state == .complete
            }
            let seconds = last.reduce(0) { $0 + $1.duration / .seconds(1) }
            let bytes = last.reduce(0) { $0 + $1.bytes }
            cameras.append(
                Camera(
                    camera: name,
                    used: try await index.allocated(of: name),
                    oldest: first?.rfc3339,
                    rate: seconds > 0 ? Double(bytes) / seconds : nil
                )
            )
        }
        let books = store.space.books
        return Storage(
            directory: store.directory,
            used: books.used,
            maxSpace: books.limits.maxSpace,
            minFree: books.limits.minFree,
            free: try await call.backend.freeSpace(),
            oldest: oldest?.rfc3339,
            cameras: cameras
        )
    }
}
