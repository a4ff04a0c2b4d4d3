// SPDX-License-Identifier: Apache-2.0

/// How a daemon is at one moment: everything that `martlet status --json` says.
///
/// Times are RFC 3339, durations seconds, sizes bytes, rates bits a second. What is not known, or is not the case, is
/// left out.
struct Status: Codable, Equatable, Sendable {
    var role: String
    var version: String
    var gstreamer: String
    /// The process's number.
    var process: Int32
    var time: String
    /// When the process started.
    var since: String
    /// Whether there are no `troubles`.
    var well: Bool
    /// The sentence that `systemctl status` shows.
    var summary: String
    /// What is wrong, in sentences.
    var troubles: [String]
    var configuration: Configuration
    var clock: Clock
    var rtsp: RTSP
    /// Where the page and the API are, as URLs.
    var web: [String]
    var access: Access
    var recording: Recording
    var resources: Resources
    /// The machine.
    var health: Health
    /// Of each place that chunks are brought to; left out where there is none.
    var uploads: [Upload]?
    /// What comes as files; left out where nothing does.
    var incoming: Incoming?
    /// By name.
    var cameras: [Camera]

    /// Chunks on their way to a place, as files.
    struct Upload: Codable, Equatable, Sendable {
        enum State: String, Codable {
            case starting, idle, sending
            case backingOff = "backing-off"
        }

        var url: String
        var state: State
        /// What is being sent.
        var chunk: String?
        /// Chunks that are not there yet, and how large they are together.
        var waiting: Int
        var waitingBytes: Int64
        /// Chunks brought there since the process started.
        var sent: Int
        /// Chunks that were deleted before they had been brought there.
        var deleted: Int
        var lastSuccess: String?
        /// Why nothing is brought there.
        var cause: String?
        var lastFault: Camera.Fault?

        private enum CodingKeys: String, CodingKey {
            case url, state, chunk, waiting
            case waitingBytes = "waiting-bytes"
            case sent, deleted
            case lastSuccess = "last-success"
            case cause
            case lastFault = "last-fault"
        }
    }

    struct Incoming: Codable, Equatable, Sendable {
        var directory: String
        /// Since the process started: files that became chunks, that were there already, that were set aside.
        var taken: Int
        var duplicates: Int
        var rejected: Int
        /// Files that are not whole yet, or wait for something else.
        var waiting: Int
        var lastSuccess: String?
        /// Why nothing is taken in.
        var cause: String?

        private enum CodingKeys: String, CodingKey {
            case directory, taken, duplicates, rejected, waiting
            case lastSuccess = "last-success"
            case cause
        }
    }

    struct Configuration: Codable, Equatable, Sendable {
        enum State: String, Codable { case current, rejected, unreadable }

        var file: String
        /// The files that are in force.
        var files: [String]
        /// When these were read.
        var since: String
        /// What the files are now, beside what is in force.
        var state: State
        /// What is wrong with them, as `martlet check` says it.
        var mistakes: [String]
    }

    struct Clock: Codable, Equatable, Sendable {
        /// Whether somebody keeps it right (`adjtimex`).
        var synchronised: Bool
    }

    struct RTSP: Codable, Equatable, Sendable {
        var listen: String
        /// Where it is encrypted.
        var tlsListen: String?

        private enum CodingKeys: String, CodingKey {
            case listen
            case tlsListen = "tls-listen"
        }
    }

    struct Access: Codable, Equatable, Sendable {
        /// Whether anybody but the machine itself is served: whether there is a user or a token.
        var open: Bool
        /// Where users and tokens are kept.
        var directory: String
    }

    /// The directory of chunks, whose numbers are there when it is open.
    struct Recording: Codable, Equatable, Sendable {
        var directory: String
        var open: Bool
        var used: Int64?
        var maxSpace: Int64?
        var minFree: Int64?
        /// What the file system has free.
        var free: Int64?
        /// When the oldest footage begins.
        var oldest: String?

        private enum CodingKeys: String, CodingKey {
            case directory, open, used
            case maxSpace = "max-space"
            case minFree = "min-free"
            case free, oldest
        }
    }

    struct Resources: Codable, Equatable, Sendable {
        /// What the process has in memory.
        var memory: Int64
        var threads: Int
        /// Open file descriptors.
        var descriptors: Int
    }

    struct Camera: Codable, Equatable, Sendable {
        enum State: String, Codable {
            case starting, running
            case backingOff = "backing-off"
            case stuck, stopped
        }

        /// Why, and when.
        struct Fault: Codable, Equatable, Sendable {
            var cause: String
            var time: String
        }

        struct Format: Codable, Equatable, Sendable {
            var codec: String
            var width: Int
            var height: Int
        }

        struct Recording: Codable, Equatable, Sendable {
            var enabled: Bool
            /// The file that is being written.
            var chunk: String?
            /// Why nothing is recorded although frames come.
            var trouble: String?
            /// Chunks finished since the start.
            var finished: Int
            /// Chunks that the disk did not let be finished.
            var unfinished: Int
            /// What waits to be written.
            var queued: Int
            /// When the oldest footage of this camera begins.
            var oldest: String?
        }

        struct Viewers: Codable, Equatable, Sendable {
            var count: Int
            /// What waits to be sent to them.
            var queued: Int
            /// Frames that they were too slow for, since the start.
            var skipped: Int
        }

        /// The video on its way to a store that does not fetch it.
        struct Push: Codable, Equatable, Sendable {
            /// `stuck` and `stopped` are not among its states.
            var state: State
            var url: String
            /// How long it has been so.
            var seconds: Double
            /// Why it is not brought.
            var cause: String?
            var lastFault: Fault?

            private enum CodingKeys: String, CodingKey {
                case state, url, seconds, cause
                case lastFault = "last-fault"
            }
        }

        /// What the network lost, and is fetched from the camera's card.
        struct Replenish: Codable, Equatable, Sendable {
            /// `idle`, `comparing`, `fetching`, `waiting`, `off`.
            var state: String
            /// Why nothing can be fetched.
            var trouble: String?
            /// What is known to be on the card and not here.
            var lackingFrames: Int
            var lackingBytes: Int64
            var lackingSeconds: Double
            /// Since the start.
            var fetchedFrames: Int
            var fetchedBytes: Int64
            /// Bits a second, lately.
            var rate: Double?
            /// In how many seconds all will be here, at that rate.
            var eta: Double?
            /// All that was filmed before is here, or cannot be had any more.
            var until: String?

            private enum CodingKeys: String, CodingKey {
                case state, trouble
                case lackingFrames = "lacking-frames"
                case lackingBytes = "lacking-bytes"
                case lackingSeconds = "lacking-seconds"
                case fetchedFrames = "fetched-frames"
                case fetchedBytes = "fetched-bytes"
                case rate, eta, until
            }
        }

        /// What a store has acknowledged, so that it may be deleted first.
        struct Acknowledged: Codable, Equatable, Sendable {
            /// A store has all that was filmed before.
            var until: String
            /// What no store has yet, on the disk.
            var lackingBytes: Int64
            /// Whether the oldest of that is about to be deleted to make room.
            var short: Bool

            private enum CodingKeys: String, CodingKey {
                case until
                case lackingBytes = "lacking-bytes"
                case short
            }
        }

        var name: String
        /// `capture`, `receiver`, or `push` for a camera that brings its video.
        var source: String
        var state: State
        /// How long frames have flowed, or have not.
        var seconds: Double
        /// Why not.
        var cause: String?
        /// In how many seconds it is tried again.
        var nextAttempt: Double?
        /// Faults since the process started: as often its pipeline was made anew.
        var faults: Int
        var lastFault: Fault?
        var format: Format?
        /// Frames a second, and bits: over the last five seconds.
        var fps: Double
        var bitrate: Double
        var frames: Int
        /// Frames that came before a keyframe did.
        var undecodable: Int
        var lastFrame: String?
        var lastKeyframe: String?
        var recording: Recording
        var viewers: Viewers
        /// When a store last took the video; for a camera that one has come to.
        var store: String?
        /// How it is brought to a store; for a camera that is to push.
        var push: Push?
        /// What is fetched from its card; for a camera of a store.
        var replenish: Replenish?
        /// What a store has of it; for a camera whose footage one has acknowledged.
        var acknowledged: Acknowledged?

        private enum CodingKeys: String, CodingKey {
            case name, source, state, seconds, cause
            case nextAttempt = "next-attempt"
            case faults
            case lastFault = "last-fault"
            case format, fps, bitrate, frames, undecodable
            case lastFrame = "last-frame"
            case lastKeyframe = "last-keyframe"
            case recording, viewers, store, push, replenish, acknowledged
        }
    }
}
