// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[cameras.NAME]`: one camera of a store.
    package struct RemoteCamera: Equatable, Sendable {
        /// How RTP comes from the camera.
        package enum Transport: String, CaseIterable, Sendable {
            case tcp
            case udp
        }

        /// What is fetched from a camera's card.
        package enum Replenish: Equatable, Sendable {
            case nothing
            /// What was filmed since the camera is known.
            case sinceAdded
            case all
        }

        /// As the camera calls itself.
        package let name: CameraName
        /// Where the camera is fetched from; `nil` for one that pushes.
        package let url: String?
        /// Whether the camera comes to the store.
        package let push: Bool
        package let transport: Transport
        /// The path of the file with a device token of this camera, if it is one of ours.
        package let tokenFile: String?
        /// For cameras of other makers, with `passwordFile`.
        package let user: String?
        /// The path of the file with the password of `user`.
        package let passwordFile: String?
        /// Of the camera's certificate, if it is to be checked.
        package let fingerprint: String?
        package let record: Bool
        /// What this camera's chunks may take up, if they have a limit of their own.
        package let maxSpace: ByteCount?
        /// What to fetch from the camera's card that the network lost.
        package let replenish: Replenish
        /// What fetching may take of the network; `nil` is what live video leaves.
        package let replenishRate: BitRate?
        /// Where to fetch that from; `nil` is the host of `url`.
        package let web: String?
    }
}

extension Configuration.RemoteCamera {
    init(name: CameraName, reading table: TableReader) {
        self.name = name
        url = table.optional("url", .video, "Where to fetch the camera's video.")
        push = table.value("push", .bool, default: false, "The camera brings its video: there is no `url`.")
        transport = table.value("transport", .choice, default: .tcp, "How the video comes.")
        tokenFile = table.optional("token-file", .secretFile, "File with a Martlet camera's device token.")
        user = table.optional("user", .user, "The camera's user, for one of another maker.")
        passwordFile = table.optional("password-file", .secretFile, "File with this user's password.")
        fingerprint = table.optional("fingerprint", .fingerprint, "Of the camera's certificate.")
        record = table.value("record", .bool, default: true, "Whether to record this camera.")
        maxSpace = table.value("max-space", .orNone(.space), default: nil, "Hard limit to this camera.")
        replenish = table.value("replenish", .replenish, default: .sinceAdded, "Fetch from its card what got lost.")
        replenishRate = table.value(
            "replenish-rate",
            .orNone(.link),
            default: nil,
            "What that may take of the network."
        )
        web = table.optional("web", .web, absent: Self.sameHost, "Where to fetch that from.")
    }

    private static let sameHost = "the host of `url`"
}

extension Format<Configuration.RemoteCamera.Replenish> {
    fileprivate static let replenish = Format(
        type: "`true`, `false` or `\"all\"`",
        limits: nil,
        expected: "true, false or \"all\"",
        example: .sinceAdded,
        write: { $0 == .all ? "\"all\"" : $0 == .nothing ? "false" : "true" },
        read: { node, mismatches in
            switch node.value {
            case .boolean(let flag): return flag ? .sinceAdded : .nothing
            case .string("all"): return .all
            default:
                mismatches.append(Mismatch(node, expected: "true, false or \"all\""))
                return nil
            }
        }
    )
}

extension Format<BitRate> {
    fileprivate static var link: Format { .rate(in: .kilobitsPerSecond(64) ... .megabitsPerSecond(1000)) }
}

extension Format<String> {
    fileprivate static let video = url(
        "rtsp",
        "rtsps",
        host: "front-door.local:8554/front-door",
        instead: "use 'user' and 'password-file'"
    )

    fileprivate static let web = url(
        "https",
        "http",
        host: "front-door.local:8443",
        instead: "use 'token-file'"
    )
}
