// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// A key, values it takes, and values it does not, each as TOML writes it.
struct KeyCase: Sendable, CustomTestStringConvertible {
    let key: String
    let right: [String]
    let wrong: [String]
    /// Other keys that it does not go without, or with which it is not itself the mistake.
    let with: String

    init(_ key: String, right: [String], wrong: [String], with: String = "") {
        self.key = key
        self.right = right
        self.wrong = wrong
        self.with = with
    }

    var testDescription: String { key }
}

@Suite("Keys")
struct KeyTests {
    @Test("each key takes right values and refuses wrong ones in its own place", arguments: cases)
    func key(_ testCase: KeyCase) {
        for value in testCase.right {
            let loaded = Configuration.minimal(and: "\(testCase.key) = \(value)\n\(testCase.with)")
            #expect(!loaded.hasErrors, "\(value): \(loaded.report)")
        }
        for value in testCase.wrong + ["{}", "1979-05-27", "2.5", "[[]]"] {
            let loaded = Configuration.minimal(and: "\(testCase.key) = \(value)\n\(testCase.with)")
            let errors = loaded.diagnostics.filter { $0.severity == .error }
            #expect(errors.count == 1, "\(value): \(loaded.report)")
            #expect(errors.first?.key == testCase.key, "\(value): \(loaded.report)")
            #expect(errors.first?.place.position?.line == 1, "\(value): \(loaded.report)")
            #expect(errors.first?.message.hasPrefix("expected ") == true, "\(value): \(loaded.report)")
            #expect(loaded.configuration == nil)
        }
    }

    @Test("no key is left out of the cases above")
    func allKeys() {
        let tested = Set(Self.cases.map(\.key))
        let keys = Configuration.keys.map { key in
            let table = key.table.replacing("cameras.NAME", with: "cameras.front-door")
                .replacing("locations.NAME", with: "locations.shop").replacing("uploads.NAME", with: "uploads.nas")
            // A name of the user's choice.
            if key.name == "NAME" { return "\(table).till" }
            return "\(table).\(key.name)"
        }
        #expect(tested == Set(keys))
        #expect(keys.count == tested.count)
    }

    @Test("a key that does not act yet says so when it is set, and only then", arguments: Configuration.keys)
    func notYet(_ key: Configuration.Key) throws {
        let path = "\(key.table).\(key.name)".replacing("incoming.cameras.NAME", with: "incoming.cameras.till")
            .replacing("cameras.NAME", with: "cameras.front-door").replacing("locations.NAME", with: "locations.shop")
            .replacing("uploads.NAME", with: "uploads.nas")
        let testCase = try #require(Self.cases.first { $0.key == path })
        let set = Configuration.minimal(and: "\(path) = \(testCase.right[0])\n\(testCase.with)")
        let warnings = set.diagnostics.filter { $0.key == path }.map { "\($0.severity): \($0.message)" }
        #expect(warnings == (key.status == .notYet ? ["warning: is not acted on by this version"] : []))
        if case .value(let value) = key.default {
            #expect(!Configuration.minimal(and: "\(path) = \(value)").diagnostics.contains { $0.key == path })
        }
    }

    @Test("a camera that pushes needs no URL")
    func push() {
        let loaded = Configuration.parse("[cameras.garden]\npush = true")
        #expect(loaded.messages == [])
        #expect(loaded.configuration?.cameras.first?.push == true)
    }

    @Test("what does not act yet is what the reference says")
    func notYetList() {
        let notYet = Set(Configuration.keys.filter { $0.status == .notYet }.map { "\($0.table).\($0.name)" })
        let tables = ["locations.NAME"]
        for key in Configuration.keys {
            let isLate = tables.contains { key.table == $0 || key.table.hasSuffix(".\($0)") }
            #expect(notYet.contains("\(key.table).\(key.name)") == isLate)
        }
    }

    @Test("every key is described")
    func descriptions() {
        for key in Configuration.keys {
            #expect(key.summary.last == "." && key.summary.count > 15, "\(key)")
            #expect(!key.type.isEmpty)
        }
    }

    @Test("a value is read as what it says")
    func values() throws {
        let configuration = try Configuration.values(try completeExample())
        let camera = try #require(configuration.camera)
        #expect(try camera.name == CameraName(parsing: "front-door"))
        #expect(camera.source == "libcamera")
        #expect((camera.width, camera.height, camera.framerate, camera.rotation) == (1920, 1080, 30, 0))
        #expect(camera.bitrate == .megabitsPerSecond(4))
        #expect(camera.keyframeInterval == .seconds(1))
        #expect(camera.device.isEmpty && camera.led.isEmpty)
        #expect(camera.recording.enabled)
        #expect(camera.recording.directory == "/var/lib/martlet/camera")
        #expect(camera.recording.chunkDuration == .minutes(10))
        #expect(camera.recording.chunkSize == nil && camera.recording.maxSpace == nil && camera.recording.maxAge == nil)
        #expect(camera.recording.minFree == .gigabytes(1))
        #expect(camera.recording.syncInterval == .seconds(1))
        #expect(camera.rtsp.listen == .port(8554) && camera.rtsp.tlsListen == .port(8322))
        #expect(camera.web.listen == .port(8080) && camera.web.tlsListen == .port(8443))
        #expect(!camera.web.behindProxy)
        #expect(camera.push?.url == "rtsps://store.local:8322/front-door")
        #expect(camera.push?.tokenFile == "/etc/martlet/front-door.token")
        #expect(camera.upload?.url == "sftp://martlet@store.local/incoming")
        #expect(camera.upload?.keyFile == "/etc/martlet/upload.key")
        #expect(configuration.store?.recording.directory == "/var/lib/martlet/store")
        #expect(configuration.store?.incoming?.directory == "/var/lib/martlet/incoming")
        #expect(configuration.cameras.map(\.name.description) == ["front-door", "garden", "till"])
        let remote = try #require(configuration.cameras.first)
        #expect(remote.url == "rtsp://front-door.local:8554/front-door")
        #expect(remote.transport == .tcp && remote.record && remote.replenish == .sinceAdded && !remote.push)
        #expect(remote.maxSpace == .gigabytes(80))
        #expect(remote.web == "https://front-door.local:8443")
        #expect(configuration.cameras[1].push && configuration.cameras[1].url == nil)
        #expect(configuration.cameras[2].user == "admin")
        #expect(configuration.cameras[2].passwordFile == "/etc/martlet/till.password")
        #expect(configuration.locations.map(\.name.description) == ["shop"])
        #expect(configuration.locations[0].devices.map(\.description) == ["front-door", "till"])
        #expect(configuration.access.directory == "/var/lib/martlet/access")
        #expect(configuration.access.sessionDuration == .days(30))
    }

    @Test("an empty file is a configuration for nobody", arguments: ["", "\n", "# nothing", "\u{FEFF}"])
    func empty(text: String) throws {
        let configuration = try Configuration.values(text)
        #expect(configuration.camera == nil && configuration.store == nil && configuration.cameras.isEmpty)
    }

    @Test(
        "tables may be written in any way that TOML has",
        arguments: [
            "[camera]\nname = \"a\"\nrtsp.listen = \"[::1]:1\"",
            "camera = { name = \"a\", rtsp = { listen = \"[::1]:1\" } }",
            "camera.name = 'a'\r\ncamera.rtsp.\"listen\" = '[::1]:1'\r\n",
            "[camera.rtsp]\nlisten = \"[::1]:1\"\n[camera]\nname = \"a\"",
        ]
    )
    func forms(text: String) throws {
        let configuration = try Configuration.values(text)
        #expect(configuration.camera?.name.description == "a")
        #expect(configuration.camera?.rtsp.listen.host == "::1")
    }

    @Test("a fingerprint is read in any of its forms")
    func fingerprint() throws {
        let digits = String(repeating: "0a", count: 32)
        let colons = "sha256:" + String(repeating: "0A:", count: 31) + "0A"
        for text in ["sha256:\(digits)", "sha256:\(digits.uppercased())", colons] {
            let loaded = Configuration.minimal(and: "cameras.front-door.fingerprint = '\(text)'")
            #expect(loaded.configuration?.cameras[0].fingerprint == "sha256:\(digits)")
        }
    }
}

// MARK: Cases

extension KeyTests {
    private static let text = ["5", "true", "\"a\\u0000b\"", "\"a\\nb\""]
    private static let flag = KeyValues(right: ["true", "false"], wrong: ["\"true\"", "1"])
    private static let directory = KeyValues(
        right: ["\"/a/b\"", "\"/\u{FC} \u{65E5}\""],
        wrong: text + ["\"\"", "\"a\"", "\"./a\"", "\"/a/../b\"", "\"~/a\""]
    )
    private static let file = KeyValues(right: ["\"/etc/x\""], wrong: text + ["\"\"", "\"hunter2\""])
    private static let address = KeyValues(
        right: ["\"127.0.0.1:9000\"", "\"[::1]:9000\""],
        wrong: text + ["\"\"", "\"0.0.0.0\"", "8554", "\"0.0.0.0:0\"", "\"0.0.0.0:65536\""]
    )
    private static let optionalAddress = KeyValues(right: address.right + ["\"none\""], wrong: address.wrong)
    private static let fingerprint = KeyValues(
        right: ["\"sha256:\(String(repeating: "a", count: 64))\""],
        wrong: text + ["\"\"", "\"sha256:\"", "\"sha256:\(String(repeating: "g", count: 64))\"", "\"md5:aa\""]
    )
    private static let space = KeyValues(
        right: ["\"500 GB\"", "\"10 MB\"", "\"none\""],
        wrong: text + ["500", "\"500\"", "\"9 MB\"", "\"1001 TB\"", "\"99999999 TB\"", "\"None\""]
    )

    private struct KeyValues {
        let right: [String]
        let wrong: [String]
    }

    private static func of(_ key: String, _ values: KeyValues, with: String = "") -> KeyCase {
        KeyCase(key, right: values.right, wrong: values.wrong, with: with)
    }

    static let cases: [KeyCase] =
        cameraCases + roleCases("camera") + roleCases("store") + storeCases
        + uploadCases("camera.upload") + uploadCases("camera.uploads.nas")

    private static let cameraCases: [KeyCase] = [
        KeyCase("camera.name", right: ["\"till\""], wrong: text + ["\"\"", "\"Till\"", "\"-\"", "\"../x\""]),
        KeyCase("camera.source", right: ["\"my_own.1\""], wrong: text + ["\"\"", "\"../x\"", "\"a b\"", "\".x\""]),
        KeyCase("camera.width", right: ["64", "7680", "1_280"], wrong: ["63", "62", "7682", "641", "-2", "\"64\""]),
        KeyCase("camera.height", right: ["64", "4320"], wrong: ["62", "4322", "481", "9223372036854775807"]),
        KeyCase("camera.framerate", right: ["1", "120"], wrong: ["0", "121", "-1", "30.0", "\"30\""]),
        KeyCase(
            "camera.bitrate",
            right: ["\"100 kbit/s\"", "\"100 Mbit/s\"", "\"2.5Mbit/s\""],
            wrong: text + ["4", "\"4\"", "\"4 Mbit\"", "\"99 kbit/s\"", "\"101 Mbit/s\""]
        ),
        KeyCase(
            "camera.keyframe-interval",
            right: ["\"100 ms\"", "\"10 s\""],
            wrong: text + ["1", "\"99 ms\"", "\"11 s\"", "\"1 second\""]
        ),
        KeyCase("camera.rotation", right: ["0", "180"], wrong: ["90", "-180", "\"0\"", "360"]),
        KeyCase("camera.device", right: ["\"\"", "\"/dev/video0\"", "'\\_SB_.PC00'"], wrong: text),
        KeyCase("camera.led", right: ["\"ACT\"", "\"\"", "\"mmc0::\""], wrong: text + ["\"../x\"", "\"a/b\""]),
        KeyCase(
            "camera.push.url",
            right: ["\"rtsps://h/x\"", "\"rtsp://h/x\""],
            wrong: text + ["\"\"", "\"http://h/x\"", "\"rtsp://a:b@h/\"", "\"rtsp://a@h/\""],
            with: "camera.push.token-file = \"/x\""
        ),
        of("camera.push.token-file", file, with: "camera.push.url = \"rtsp://h/x\""),
        of(
            "camera.push.fingerprint",
            fingerprint,
            with: "camera.push.url = \"rtsp://h/x\"\ncamera.push.token-file = \"/x\""
        ),
        KeyCase(
            "camera.push.web",
            right: ["\"https://h:8443\"", "\"http://h/\""],
            wrong: text + ["\"\"", "\"rtsp://h/x\""],
            with: "camera.push.url = \"rtsp://h/x\"\ncamera.push.token-file = \"/x\""
        ),
    ]

    private static func uploadCases(_ table: String) -> [KeyCase] {
        let (ssh, ftp) = ("\(table).url = \"sftp://h/x\"", "\(table).url = \"ftp://me@h/x\"")
        let key = String(repeating: "Ab9+/", count: 9).prefix(43)
        return [
            KeyCase(
                "\(table).url",
                right: ["\"sftp://me@h/x\"", "\"scp://h\"", "\"ftp://h\"", "\"FTPS://h\""],
                wrong: text + ["\"\"", "\"rtsp://h/x\"", "\"sftp://a:b@h/\"", "\"sftp:/h\""]
            ),
            of("\(table).key-file", file, with: ssh),
            of("\(table).password-file", file, with: ftp),
            of("\(table).known-hosts", file, with: ssh),
            KeyCase(
                "\(table).host-key",
                right: ["\"sha256:\(key)\"", "\"SHA256:\(key)=\""],
                wrong: text + ["\"\(key)\"", "\"sha256:\(key.dropLast())\"", "\"sha256:\(key)x\"", "\"md5:\(key)\""],
                with: ssh
            ),
            of("\(table).fingerprint", fingerprint, with: "\(table).url = \"ftps://h\""),
            KeyCase(
                "\(table).rate",
                right: ["\"10 kbit/s\"", "\"2 Mbit/s\"", "\"none\""],
                wrong: text + ["\"9 kbit/s\"", "2", "\"2 MB\""],
                with: ssh
            ),
        ]
    }

    private static func roleCases(_ role: String) -> [KeyCase] {
        [
            of("\(role).recording.enabled", flag),
            of("\(role).recording.directory", directory),
            KeyCase(
                "\(role).recording.chunk-duration",
                right: ["\"10 s\"", "\"60 min\"", "\"90s\""],
                wrong: text + ["600", "\"9 s\"", "\"61 min\"", "\"10 m\"", "\"none\""]
            ),
            KeyCase(
                "\(role).recording.chunk-size",
                right: ["\"1 MB\"", "\"1 TB\"", "\"none\""],
                wrong: text + ["\"999 kB\"", "\"1001 GB\"", "0"]
            ),
            of("\(role).recording.max-space", space, with: "\(role).recording.chunk-size = \"1 MB\""),
            KeyCase(
                "\(role).recording.min-free",
                right: ["\"0 B\"", "\"5 GB\""],
                wrong: text + ["\"none\"", "\"5 %\"", "\"-1 GB\""]
            ),
            KeyCase(
                "\(role).recording.max-age",
                right: ["\"30 days\"", "\"1 min\"", "\"none\""],
                wrong: text + ["\"59 s\"", "30", "\"30\"", "\"40000 days\""]
            ),
            KeyCase(
                "\(role).recording.sync-interval",
                right: ["\"100 ms\"", "\"1 min\""],
                wrong: text + ["\"99 ms\"", "\"61 s\"", "\"none\""]
            ),
            of("\(role).rtsp.listen", address),
            of("\(role).rtsp.tls-listen", optionalAddress),
            of("\(role).web.listen", optionalAddress),
            of("\(role).web.tls-listen", optionalAddress),
            KeyCase("\(role).web.behind-proxy", right: ["true", "false"], wrong: flag.wrong),
        ]
    }

    private static let storeCases: [KeyCase] = [
        of("store.incoming.directory", directory),
        KeyCase(
            "store.incoming.cameras.till",
            right: ["\"till\"", "\"front-door\""],
            wrong: text + ["\"\"", "\"Front Door\""],
            with: "store.incoming.directory = \"/srv/in\""
        ),
        KeyCase(
            "cameras.front-door.url",
            right: ["\"rtsps://h:322/x?a=b\"", "\"rtsp://h\""],
            wrong: text + ["\"\"", "\"h\"", "\"http://h/\"", "\"rtsp://a:b@h/\"", "\"rtsp://a@h/\"", "\"rtsp://h:0/\""]
        ),
        KeyCase("cameras.front-door.transport", right: ["\"tcp\"", "\"udp\""], wrong: text + ["\"TCP\"", "\"\""]),
        of("cameras.front-door.token-file", file),
        KeyCase(
            "cameras.front-door.user",
            right: ["\"admin\""],
            wrong: text + ["\"\""],
            with: "cameras.front-door.password-file = \"/x\""
        ),
        of("cameras.front-door.password-file", file, with: "cameras.front-door.user = \"admin\""),
        of("cameras.front-door.fingerprint", fingerprint),
        of("cameras.front-door.record", flag),
        of("cameras.front-door.max-space", space, with: "store.recording.chunk-size = \"1 MB\""),
        KeyCase(
            "cameras.front-door.replenish-rate",
            right: ["\"none\"", "\"2 Mbit/s\""],
            wrong: ["2", "\"1 kbit/s\"", "\"fast\""]
        ),
        KeyCase(
            "cameras.front-door.replenish",
            right: ["false", "true", "\"all\""],
            wrong: ["1", "\"some\"", "[]"]
        ),
        KeyCase(
            "cameras.front-door.web",
            right: ["\"https://h:8443\"", "\"http://h/\""],
            wrong: text + ["\"\"", "\"rtsp://h/\"", "\"https://a:b@h/\""]
        ),
        KeyCase("locations.shop.devices", right: ["[\"front-door\"]", "[]"], wrong: text + ["\"front-door\"", "[5]"]),
        of("access.directory", directory),
        KeyCase(
            "access.session-duration",
            right: ["\"1 h\"", "\"1 min\"", "\"3650 days\""],
            wrong: text + ["\"59 s\"", "\"3651 days\"", "\"none\""]
        ),
        KeyCase("cameras.front-door.push", right: ["false"], wrong: flag.wrong),
        of("service.reboot-on-stuck-camera", flag),
    ]
}
