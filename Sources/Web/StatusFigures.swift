// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials

/// What of the status counts for metrics and for health; what it leaves out is not known.
struct StatusFigures: Decodable {
    struct Clock: Decodable { var synchronised: Bool? }

    struct Configuration: Decodable { var state: String? }

    struct Resources: Decodable {
        var memory: Double?
        var threads: Double?
        var descriptors: Double?
    }

    struct Recording: Decodable {
        var open: Bool?
        var used: Double?
        var maxSpace: Double?
        var minFree: Double?
        var free: Double?
        var oldest: String?

        private enum CodingKeys: String, CodingKey {
            case open, used
            case maxSpace = "max-space"
            case minFree = "min-free"
            case free, oldest
        }
    }

    struct Camera: Decodable {
        struct Format: Decodable {
            var width: Double?
            var height: Double?
        }

        struct Recording: Decodable {
            var enabled: Bool?
            var trouble: String?
            var finished: Double?
            var unfinished: Double?
            var queued: Double?
            var oldest: String?
        }

        struct Viewers: Decodable {
            var count: Double?
            var queued: Double?
            var skipped: Double?
        }

        struct Push: Decodable { var state: String? }

        struct Replenish: Decodable {
            var trouble: String?
            var lackingBytes: Double?
            var fetchedBytes: Double?

            private enum CodingKeys: String, CodingKey {
                case trouble
                case lackingBytes = "lacking-bytes"
                case fetchedBytes = "fetched-bytes"
            }
        }

        struct Acknowledged: Decodable {
            var lackingBytes: Double?

            private enum CodingKeys: String, CodingKey { case lackingBytes = "lacking-bytes" }
        }

        var name: String
        var state: String?
        var seconds: Double?
        var faults: Double?
        var format: Format?
        var fps: Double?
        var bitrate: Double?
        var frames: Double?
        var undecodable: Double?
        var lastFrame: String?
        var lastKeyframe: String?
        var recording: Recording?
        var viewers: Viewers?
        var push: Push?
        var replenish: Replenish?
        var acknowledged: Acknowledged?

        private enum CodingKeys: String, CodingKey {
            case name, state, seconds, faults, format, fps, bitrate, frames, undecodable
            case lastFrame = "last-frame"
            case lastKeyframe = "last-keyframe"
            case recording, viewers, push, replenish, acknowledged
        }

        /// A start takes its time before anything is wrong, in seconds.
        private static let startLimit = 15.0

        /// Whether all of it that is to be recorded is.
        fileprivate var isRecorded: Bool {
            guard recording?.enabled == true else { return true }
            let isStarting = state == "starting" && faults == 0 && seconds ?? 0 < Self.startLimit
            return recording?.trouble == nil && (state == "running" || isStarting)
        }
    }

    struct Upload: Decodable {
        var url: String
        var waiting: Double?
        var waitingBytes: Double?
        var sent: Double?
        var deleted: Double?
        var cause: String?

        private enum CodingKeys: String, CodingKey {
            case url, waiting
            case waitingBytes = "waiting-bytes"
            case sent, deleted, cause
        }
    }

    struct Incoming: Decodable {
        var taken: Double?
        var rejected: Double?
        var waiting: Double?
    }

    var role: String?
    var version: String?
    var since: String?
    var well: Bool?
    var troubles: [String]?
    var clock: Clock?
    var configuration: Configuration?
    var recording: Recording?
    var resources: Resources?
    var uploads: [Upload]?
    var incoming: Incoming?
    var cameras: [Camera]?

    /// - Throws: what JSON's decoder says of a document that is no status.
    init(_ document: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(document)) }

    /// Whether everything that is to be recorded is being recorded.
    var isRecorded: Bool {
        let cameras = cameras ?? []
        let isWanted = cameras.contains { $0.recording?.enabled == true }
        return (recording?.open == true || !isWanted) && cameras.allSatisfy(\.isRecorded)
    }
}
