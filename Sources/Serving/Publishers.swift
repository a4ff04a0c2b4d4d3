// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import Media
internal import Synchronization

/// The RTSP clients that bring streams (`ANNOUNCE`, `RECORD`).
///
/// Called on the server's threads.
final class Publishers: Sendable {
    private struct Publisher {
        let camera: String
        let ingest: Ingest
        let connection: UInt
    }

    private let present = Mutex<[ObjectIdentifier: Publisher]>([:])

    /// `nil`, and a word about it, if what was announced cannot be received.
    func makeBin(_ ingest: Ingest, of camera: String, _ announcement: SessionDescription) -> Bin? {
        do { return try ingest.makeBin(for: announcement) } catch {
            Log.error("what is pushed cannot be received: \(error)", camera: camera)
            return nil
        }
    }

    func add(_ bin: Bin, _ ingest: Ingest, of camera: String, _ request: RTSPRequest) {
        let publisher = Publisher(camera: camera, ingest: ingest, connection: request.connection)
        present.withLock { $0[ObjectIdentifier(bin)] = publisher }
        ingest.join(bin, request.connection)
        Log.info(
            "the camera begins to push (\(request.userAgent.isEmpty ? "unnamed" : RTSPAccess.shown(request.userAgent)))",
            camera: camera
        )
    }

    /// Returns `false` if the bin was not a publisher's.
    func remove(_ bin: Bin) -> Bool {
        guard let publisher = present.withLock({ $0.removeValue(forKey: ObjectIdentifier(bin)) }) else { return false }
        publisher.ingest.leave(publisher.connection)
        Log.info("the camera's push ended", camera: publisher.camera)
        return true
    }
}
