// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// The status in numbers, for programs that watch many machines (Prometheus' text format, 0.0.4).
struct Metrics {
    private enum Kind: String { case counter, gauge }

    private typealias Camera = StatusFigures.Camera

    /// One metric: what it is, and its value, unless that is not known.
    private struct Metric<Subject>: Sendable {
        let kind: Kind
        let name: String
        let help: String
        let value: @Sendable (Subject) -> Double?

        init(_ kind: Kind, _ name: String, _ help: String, _ value: @escaping @Sendable (Subject) -> Double?) {
            (self.kind, self.name, self.help, self.value) = (kind, "martlet_\(name)", help, value)
        }
    }

    private static let ofProcess: [Metric<StatusFigures>] = [
        Metric(.gauge, "start_time_seconds", "When the process began, since 1970.") { seconds($0.since) },
        Metric(.gauge, "well", "Whether nothing is wrong.") { flag($0.well) },
        Metric(.gauge, "troubles", "How many things are wrong.") { $0.troubles.map { Double($0.count) } },
        Metric(.gauge, "clock_synchronised", "Whether somebody keeps the clock right.") {
            flag($0.clock?.synchronised)
        },
        Metric(.gauge, "configuration_current", "Whether what is in force is what the files say.") {
            $0.configuration.map { $0.state == "current" ? 1 : 0 }
        },
        Metric(.gauge, "memory_bytes", "What the process has in memory.") { $0.resources?.memory },
        Metric(.gauge, "threads", "Threads of the process.") { $0.resources?.threads },
        Metric(.gauge, "descriptors", "Open file descriptors of the process.") { $0.resources?.descriptors },
        Metric(.gauge, "recording_open", "Whether the directory of chunks is there.") { flag($0.recording?.open) },
        Metric(.gauge, "recording_used_bytes", "What the chunks take on the disk.") { $0.recording?.used },
        Metric(.gauge, "recording_quota_bytes", "What they may take at most.") { $0.recording?.maxSpace },
        Metric(.gauge, "recording_reserve_bytes", "What stays free on their file system.") { $0.recording?.minFree },
        Metric(.gauge, "recording_free_bytes", "What is free on their file system.") { $0.recording?.free },
        Metric(.gauge, "recording_oldest_timestamp_seconds", "When the oldest footage begins, since 1970.") {
            seconds($0.recording?.oldest)
        },
        Metric(.counter, "incoming_taken_total", "Files that came and became chunks.") { $0.incoming?.taken },
        Metric(.counter, "incoming_rejected_total", "Files that came and were set aside.") { $0.incoming?.rejected },
        Metric(.gauge, "incoming_waiting", "Files that came and are not taken in yet.") { $0.incoming?.waiting },
    ]

    private static let ofUpload: [Metric<StatusFigures.Upload>] = [
        Metric(.gauge, "upload_running", "Whether nothing keeps chunks from being brought there.") {
            $0.cause == nil ? 1 : 0
        },
        Metric(.gauge, "upload_waiting_chunks", "Chunks that are not there yet.") { $0.waiting },
        Metric(.gauge, "upload_waiting_bytes", "How large these are together.") { $0.waitingBytes },
        Metric(.counter, "upload_chunks_total", "Chunks that were brought there.") { $0.sent },
        Metric(.counter, "upload_deleted_chunks_total", "Chunks that were deleted before.") { $0.deleted },
    ]

    private static let ofCamera: [Metric<Camera>] = [
        Metric(.gauge, "camera_running", "Whether frames flow.") { $0.state == "running" ? 1 : 0 },
        Metric(.gauge, "camera_state_seconds", "How long they have, or have not.") { $0.seconds },
        Metric(.counter, "camera_faults_total", "How often its pipeline had to be made anew.") { $0.faults },
        Metric(.counter, "camera_frames_total", "Frames that came.") { $0.frames },
        Metric(.counter, "camera_undecodable_frames_total", "Frames that came before a keyframe did.") {
            $0.undecodable
        },
        Metric(.gauge, "camera_frames_per_second", "Frames a second, over the last five seconds.") { $0.fps },
        Metric(.gauge, "camera_bytes_per_second", "Bytes a second, over the last five seconds.") {
            $0.bitrate.map { $0 / 8 }
        },
        Metric(.gauge, "camera_last_frame_timestamp_seconds", "When the newest frame came, since 1970.") {
            seconds($0.lastFrame)
        },
        Metric(.gauge, "camera_last_keyframe_timestamp_seconds", "When the newest keyframe came, since 1970.") {
            seconds($0.lastKeyframe)
        },
        Metric(.gauge, "camera_width_pixels", "How wide the picture is.") { $0.format?.width },
        Metric(.gauge, "camera_height_pixels", "How high the picture is.") { $0.format?.height },
        Metric(.gauge, "camera_recording_enabled", "Whether it is to be recorded.") { flag($0.recording?.enabled) },
        Metric(.gauge, "camera_recording_trouble", "Whether it is not recorded although frames come.") {
            $0.recording.map { $0.trouble == nil ? 0 : 1 }
        },
        Metric(.counter, "camera_chunks_total", "Chunks that were finished.") { $0.recording?.finished },
        Metric(.counter, "camera_unfinished_chunks_total", "Chunks that the disk did not let be finished.") {
            $0.recording?.unfinished
        },
        Metric(.gauge, "camera_recording_queue_bytes", "What waits to be written.") { $0.recording?.queued },
        Metric(.gauge, "camera_oldest_timestamp_seconds", "When its oldest footage begins, since 1970.") {
            seconds($0.recording?.oldest)
        },
        Metric(.gauge, "camera_viewers", "Who watches it live.") { $0.viewers?.count },
        Metric(.gauge, "camera_viewer_queue_bytes", "What waits to be sent to them.") { $0.viewers?.queued },
        Metric(.counter, "camera_skipped_frames_total", "Frames that they were too slow for, counted for each.") {
            $0.viewers?.skipped
        },
        Metric(.gauge, "camera_push_running", "Whether its video is brought to its store.") {
            $0.push.map { $0.state == "running" ? 1 : 0 }
        },
        Metric(.gauge, "camera_lacking_bytes", "What is known to be on its card and not here.") {
            $0.replenish?.lackingBytes
        },
        Metric(.counter, "camera_fetched_bytes_total", "What was fetched from its card.") {
            $0.replenish?.fetchedBytes
        },
        Metric(.gauge, "camera_replenish_trouble", "Whether what is lacking cannot be fetched.") {
            $0.replenish.map { $0.trouble == nil ? 0 : 1 }
        },
        Metric(.gauge, "camera_unacknowledged_bytes", "What no store has of it yet.") {
            $0.acknowledged?.lackingBytes
        },
    ]

    private static let bytesName = "martlet_camera_received_bytes_total"

    /// Every metric there is.
    static var names: [String] {
        ofProcess.map(\.name) + ofUpload.map(\.name) + ofCamera.map(\.name) + [bytesName, "martlet_build_info"]
    }

    /// As Prometheus reads it.
    ///
    /// `bytes` are what has come of each camera; with a camera's name it is that camera's alone.
    static func text(_ status: StatusFigures, bytes: [String: Int], of camera: String? = nil) -> String {
        var lines: [String] = []
        func write(_ kind: Kind, _ name: String, _ help: String, _ rows: [(labels: String, value: Double)]) {
            guard !rows.isEmpty else { return }
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(kind.rawValue)"]
            for row in rows { lines.append("\(name)\(row.labels) \(number(row.value))") }
        }
        if camera == nil {
            let labels = "{role=\"\(escaped(status.role ?? ""))\",version=\"\(escaped(status.version ?? ""))\"}"
            write(.gauge, "martlet_build_info", "What runs here.", [(labels, 1)])
            for metric in ofProcess {
                write(metric.kind, metric.name, metric.help, metric.value(status).map { [("", $0)] } ?? [])
            }
            for metric in ofUpload {
                let rows = (status.uploads ?? []).compactMap { each in
                    metric.value(each).map { (labels: "{url=\"\(escaped(each.url))\"}", value: $0) }
                }
                write(metric.kind, metric.name, metric.help, rows)
            }
        }
        let cameras = (status.cameras ?? []).filter { camera == nil || $0.name == camera }
        func rows(_ value: (Camera) -> Double?) -> [(labels: String, value: Double)] {
            cameras.compactMap { each in value(each).map { ("{camera=\"\(escaped(each.name))\"}", $0) } }
        }
        for metric in ofCamera { write(metric.kind, metric.name, metric.help, rows(metric.value)) }
        write(.counter, bytesName, "Bytes of video that came.", rows { bytes[$0.name].map(Double.init) })
        return lines.joined(separator: "\n") + "\n"
    }

    private static func flag(_ value: Bool?) -> Double? { value.map { $0 ? 1 : 0 } }

    private static func seconds(_ time: String?) -> Double? {
        time.flatMap(UTCTime.init(rfc3339:)).map { Double($0.nanoseconds) / 1e9 }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
