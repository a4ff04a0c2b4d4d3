// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// A configuration, and all that is said about it.
struct MessageCase: Sendable, CustomTestStringConvertible {
    let text: String
    let report: String

    init(_ text: String, _ report: String) {
        self.text = text
        self.report = report + "\n"
    }

    var testDescription: String { text }
}

@Suite("Messages")
struct MessageTests {
    @Test("a wrong value is told with its place, what was expected and what was found", arguments: valueCases)
    func value(_ testCase: MessageCase) {
        #expect(Configuration.parse(testCase.text).report == testCase.report)
    }

    @Test("an unknown key is told with the one that was meant", arguments: unknownCases)
    func unknown(_ testCase: MessageCase) {
        #expect(Configuration.parse(testCase.text).report == testCase.report)
    }

    @Test("what does not go together is told with both places", arguments: togetherCases)
    func together(_ testCase: MessageCase) {
        #expect(Configuration.parse(testCase.text).report == testCase.report)
    }

    @Test("an error of syntax is told where toml++ sees it", arguments: syntaxCases)
    func syntax(_ testCase: MessageCase) {
        #expect(Configuration.parse(testCase.text).report == testCase.report)
    }

    @Test("ten different mistakes are ten messages, in their order")
    func tenMistakes() {
        let loaded = Configuration.parse(
            """
            [camera]
            name = "Front Door"
            width = 1921
            rotation = 90
            bitrat = "4 Mbit/s"

            [camera.recording]
            max-space = 500
            chunk-duration = "2 h"

            [cameras.till]
            transport = "upd"
            user = "admin"

            [locations.shop]
            devices = ["tull"]

            [acess]
            """
        )
        #expect(
            loaded.messages
                == [
                    "config.toml:2:8: error: camera.name: expected a name of a–z, 0–9 and '-' such as \"front-door\", "
                        + "found \"Front Door\"; 'front-door' would do",
                    "config.toml:3:9: error: camera.width: expected an even number from 64 to 7680, found the integer 1921",
                    "config.toml:4:12: error: camera.rotation: expected 0 or 180, found the integer 90",
                    "config.toml:5:1: error: unknown key 'bitrat'; did you mean 'bitrate'?",
                    "config.toml:8:13: error: camera.recording.max-space: expected a size such as \"500 GB\", "
                        + "found the integer 500",
                    "config.toml:9:18: error: camera.recording.chunk-duration: expected a duration from 10 s to 1 h, "
                        + "found \"2 h\"",
                    "config.toml:11:1: error: cameras.till: the key 'url' is missing; "
                        + "add url = \"rtsp://…\", or push = true for a camera that brings its video",
                    "config.toml:12:13: error: cameras.till.transport: expected \"tcp\" or \"udp\", found \"upd\"; "
                        + "did you mean \"udp\"?",
                    "config.toml:13:8: error: cameras.till.user: a user needs a password; "
                        + "add password-file = \"/etc/martlet/…\"",
                    "config.toml:16:12: error: locations.shop.devices: there is no camera 'tull'; did you mean \"till\"?",
                    "config.toml:16:11: warning: locations.shop.devices: is not acted on by this version",
                    "config.toml:18:2: error: unknown table [acess]; did you mean [access]?",
                ].sorted { place($0) < place($1) }
        )
        #expect(loaded.configuration == nil)
    }

    /// The line and column that a message begins with.
    private func place(_ message: String) -> (Int, Int) {
        let parts = message.split(separator: ":").dropFirst().prefix(2).map { Int($0) ?? 0 }
        return (parts[0], parts[1])
    }

    @Test("a mistake in one place does not make others elsewhere")
    func noFollowers() {
        let loaded = Configuration.parse(
            """
            [store.recording]
            directory = 5
            [store.rtsp]
            listen = 5
            tls-listen = "0.0.0.0:8554"
            [access]
            directory = "/var/lib/martlet/store"
            [cameras.a]
            url = 5
            [cameras.b]
            url = 6
            push = true
            [cameras."C c"]
            url = "rtsp://h/"
            """
        )
        let errors = loaded.diagnostics.filter { $0.severity == .error }
        #expect(
            errors.map(\.key) == [
                "store.recording.directory", "store.rtsp.listen", "cameras.a.url", "cameras.b.url", "cameras",
            ]
        )
    }

    @Test("of a thousand mistakes the first hundred are told, and quickly")
    func manyMistakes() {
        let loaded = Configuration.parse((1...1000).map { "key\($0) = 1\n" }.joined())
        #expect(loaded.diagnostics.count == 101)
        #expect(loaded.messages[99] == "config.toml:100:1: error: unknown key 'key100'")
        #expect(loaded.messages[100] == "config.toml: error: 900 more are not shown")
        #expect(loaded.configuration == nil)
    }
}

// MARK: Cases

extension MessageTests {
    static let valueCases: [MessageCase] = [
        MessageCase(
            "[store.recording]\nmax-space = 500",
            """
            config.toml:2:13: error: store.recording.max-space: expected a size such as "500 GB", found the integer 500
                max-space = 500
                            ^
            """
        ),
        MessageCase(
            "store.recording.chunk-size = '500 Gb'",
            """
            config.toml:1:30: error: store.recording.chunk-size: expected a size such as "500 GB", found "500 Gb"; 'Gb' is no unit of size; use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB
                store.recording.chunk-size = '500 Gb'
                                             ^
            """
        ),
        MessageCase(
            "store.recording.chunk-size = \"10 kB\"",
            """
            config.toml:1:30: error: store.recording.chunk-size: expected a size from 1 MB to 1 TB, found "10 kB"
                store.recording.chunk-size = "10 kB"
                                             ^
            """
        ),
        MessageCase(
            "[store.recording]\n\tchunk-duration\t= \"10 m\"  # ten",
            """
            config.toml:2:19: error: store.recording.chunk-duration: expected a duration such as "10 min", found "10 m"; 'm' is no unit of time; use ms, s, min, h or days
                \tchunk-duration\t= "10 m"  # ten
                \t              \t  ^
            """
        ),
        MessageCase(
            "[store.recording]\nenabled = \"yes\"",
            """
            config.toml:2:11: error: store.recording.enabled: expected true or false, found "yes"
                enabled = "yes"
                          ^
            """
        ),
        MessageCase(
            "[store.recording]\ndirectory = 'footage'",
            """
            config.toml:2:13: error: store.recording.directory: expected an absolute path such as "/var/lib/martlet", found "footage"; an absolute path begins with '/'
                directory = 'footage'
                            ^
            """
        ),
        MessageCase(
            "[camera]\nwidth = 640",
            """
            config.toml:1:1: error: camera: the key 'name' is missing; add name = "front-door"
                [camera]
                ^
            """
        ),
        MessageCase(
            "[camera]\nname = \"a\"\nframerate = 30.0\ndevice = 2020-01-01\nsource = [1]\nled = {}",
            """
            config.toml:3:13: error: camera.framerate: expected a whole number from 1 to 120, found the float 30.0
                framerate = 30.0
                            ^
            config.toml:4:10: error: camera.device: expected a text in quotes, found a date
                device = 2020-01-01
                         ^
            config.toml:5:10: error: camera.source: expected a name such as "libcamera", found an array
                source = [1]
                         ^
            config.toml:6:7: error: camera.led: expected a name such as "ACT", found a table
                led = {}
                      ^
            """
        ),
        MessageCase(
            "[store]\nrtsp = { listen = \"0.0.0.0\", tls-listen = true }",
            """
            config.toml:2:19: error: store.rtsp.listen: expected an address such as "0.0.0.0:8554", found "0.0.0.0"; add a port, such as :8554
                rtsp = { listen = "0.0.0.0", tls-listen = true }
                                  ^
            config.toml:2:43: error: store.rtsp.tls-listen: expected an address such as "0.0.0.0:8554", found the boolean true
                rtsp = { listen = "0.0.0.0", tls-listen = true }
                                                          ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"http://h/\"",
            """
            config.toml:2:7: error: cameras.a.url: expected a URL such as "rtsp://front-door.local:8554/front-door", found "http://h/"; its scheme must be rtsp or rtsps
                url = "http://h/"
                      ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://admin:hunter2@h/\"",
            """
            config.toml:2:7: error: cameras.a.url: expected a URL such as "rtsp://front-door.local:8554/front-door", found "rtsp://admin:***@h/"; a URL must not hold a password: use 'user' and 'password-file'
                url = "rtsp://admin:***@h/"
                      ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://h/\"\nuser = \"admin\"\npassword-file = \"hunter2\"",
            """
            config.toml:4:17: error: cameras.a.password-file: expected the absolute path of a file that holds the secret; an absolute path begins with '/'
                password-file = "***"
                                ^
            """
        ),
        MessageCase(
            "camera = 1\n[[store]]",
            """
            config.toml:1:10: error: camera: expected a table, found the integer 1; write [camera]
                camera = 1
                         ^
            config.toml:2:1: error: store: expected a table, found an array; write [store]
                [[store]]
                ^
            """
        ),
        MessageCase(
            "[cameras]\nurl = \"rtsp://h/\"",
            """
            config.toml:2:7: error: cameras.url: expected a table, found "rtsp://h/"; write [cameras.NAME], one table for each camera
                url = "rtsp://h/"
                      ^
            """
        ),
        MessageCase(
            "[cameras.\"Front Door\"]\nurl = \"rtsp://h/\"",
            """
            config.toml:1:10: error: cameras: expected a name of a–z, 0–9 and '-' such as "front-door", found "Front Door"; 'front-door' would do
                [cameras."Front Door"]
                         ^
            """
        ),
        MessageCase(
            "locations.shop.devices = \"till\"",
            """
            config.toml:1:26: error: locations.shop.devices: expected an array such as ["front-door"], found "till"
                locations.shop.devices = "till"
                                         ^
            """
        ),
        MessageCase(
            "[store.incoming]\ndirectory = \"/srv/in\"\ncameras.\"uploads/one\" = \"Till 1\"",
            """
            config.toml:3:25: error: store.incoming.cameras.uploads/one: expected a name of a–z, 0–9 and '-' such as "front-door", found "Till 1"; 'till-1' would do
                cameras."uploads/one" = "Till 1"
                                        ^
            """
        ),
        MessageCase(
            """
            [camera]
            name = "a"
            [camera.upload]
            url = "sftp://me@h/x"
            host-key = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            known-hosts = "/etc/martlet/known_hosts"
            [camera.uploads.nas]
            url = "ftp://me@nas.local/x"
            key-file = "/etc/martlet/upload.key"
            [camera.uploads.other]
            url = "sftp://me@h/x"
            """,
            """
            config.toml:6:15: warning: camera.upload.known-hosts: is not used: 'host-key' says which server it is
                known-hosts = "/etc/martlet/known_hosts"
                              ^
            config.toml:7:1: error: camera.uploads.nas: the URL's user has no password; write ftp://USER@… and password-file = "/etc/martlet/…"
                [camera.uploads.nas]
                ^
            config.toml:9:12: warning: camera.uploads.nas.key-file: is not used: ftp has no SSH keys
                key-file = "/etc/martlet/upload.key"
                           ^
            config.toml:11:7: error: camera.uploads.other.url: chunks are brought there already, as config.toml:4:7 says
                url = "sftp://me@h/x"
                      ^
            """
        ),
    ]

    static let unknownCases: [MessageCase] = [
        MessageCase(
            "[store.recording]\nchunk-lenght = \"5 min\"",
            """
            config.toml:2:1: error: unknown key 'chunk-lenght'; did you mean 'chunk-duration'?
                chunk-lenght = "5 min"
                ^
            """
        ),
        MessageCase(
            "[store.recording]\nchunk_duration = \"5 min\"\nmaxSpace = 1\nMAX_AGE = 1\nchunk-duraiton = 1\nquota = 1",
            """
            config.toml:2:1: error: unknown key 'chunk_duration'; did you mean 'chunk-duration'?
                chunk_duration = "5 min"
                ^
            config.toml:3:1: error: unknown key 'maxSpace'; did you mean 'max-space'?
                maxSpace = 1
                ^
            config.toml:4:1: error: unknown key 'MAX_AGE'; did you mean 'max-age'?
                MAX_AGE = 1
                ^
            config.toml:5:1: error: unknown key 'chunk-duraiton'; did you mean 'chunk-duration'?
                chunk-duraiton = 1
                ^
            config.toml:6:1: error: unknown key 'quota'; did you mean 'max-space'?
                quota = 1
                ^
            """
        ),
        MessageCase(
            "framerate = 30\n[camera]\nname = \"a\"\nchunk-duration = \"5 min\"\nchunkSize = 1\nlisten = 1\nxyzzy = 1",
            """
            config.toml:1:1: error: unknown key 'framerate'; 'framerate' belongs in [camera]
                framerate = 30
                ^
            config.toml:4:1: error: unknown key 'chunk-duration'; 'chunk-duration' belongs in [camera.recording]
                chunk-duration = "5 min"
                ^
            config.toml:5:1: error: unknown key 'chunkSize'; 'chunk-size' belongs in [camera.recording]
                chunkSize = 1
                ^
            config.toml:6:1: error: unknown key 'listen'; 'listen' belongs in [camera.rtsp] or [camera.web]
                listen = 1
                ^
            config.toml:7:1: error: unknown key 'xyzzy'
                xyzzy = 1
                ^
            """
        ),
        MessageCase(
            "[camera]\nname = \"a\"\nrecordng = true\nchunk-lenght = 1",
            """
            config.toml:3:1: error: unknown key 'recordng'; did you mean [camera.recording]?
                recordng = true
                ^
            config.toml:4:1: error: unknown key 'chunk-lenght'; did you mean 'chunk-duration' in [camera.recording]?
                chunk-lenght = 1
                ^
            """
        ),
        MessageCase(
            "[camra]\n[store.recordng]\n[recording]\n[xyzzy]\nx = 1\n[camera.front-door]\n[camera]\nname = \"a\"",
            """
            config.toml:1:2: error: unknown table [camra]; did you mean [camera]?
                [camra]
                 ^
            config.toml:2:8: error: unknown table [store.recordng]; did you mean [store.recording]?
                [store.recordng]
                       ^
            config.toml:3:2: error: unknown table [recording]; did you mean [camera.recording] or [store.recording]?
                [recording]
                 ^
            config.toml:4:2: error: unknown table [xyzzy]
                [xyzzy]
                 ^
            config.toml:6:9: error: unknown table [camera.front-door]; the cameras of a store are written [cameras.NAME]
                [camera.front-door]
                        ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://h/\"\npassword = \"hunter2\"",
            """
            config.toml:3:1: error: unknown key 'password'; did you mean 'password-file'?
                password = "***"
                ^
            """
        ),
        MessageCase(
            "[store]\n\"a\\nb\\u202E\" = 1",
            """
            config.toml:2:1: error: unknown key 'a\\nb\\u202E'
                "a\\nb\\u202E" = 1
                ^
            """
        ),
    ]

    static let togetherCases: [MessageCase] = [
        MessageCase(
            "[camera]\nname = \"till\"\n[camera.recording]\nmax-space = \"200 MB\"",
            """
            config.toml:4:13: error: camera.recording.max-space: 200 MB does not hold one chunk; \
            at least 310 MB, or a shorter chunk-duration or a smaller chunk-size
                max-space = "200 MB"
                            ^
            """
        ),
        MessageCase(
            """
            [store.recording]
            max-space = "500 MB"
            [cameras]
            till.url = "rtsp://till/"
            door.url = "rtsp://door/"
            """,
            """
            config.toml:2:13: error: store.recording.max-space: 500 MB does not hold one chunk of each of 2 cameras; \
            at least 616 MB, or a shorter chunk-duration or a smaller chunk-size
                max-space = "500 MB"
                            ^
            """
        ),
        MessageCase(
            """
            [cameras.b]
            url = "rtsp://CAM:554/x"
            [cameras.a]
            url = "rtsp://cam/x"
            """,
            """
            config.toml:4:7: error: cameras.a.url: this is another camera's URL, first used at config.toml:2:7
                url = "rtsp://cam/x"
                      ^
            """
        ),
        MessageCase(
            """
            [camera]
            name = "a"
            recording.directory = "/srv/video/"
            [store]
            recording.directory = "/srv//video"
            incoming.directory = "/srv/./video/in"
            [access]
            directory = "/srv"
            """,
            """
            config.toml:5:23: error: store.recording.directory: this directory is camera.recording.directory too, first used at config.toml:3:23; each needs one of its own
                recording.directory = "/srv//video"
                                      ^
            config.toml:6:22: error: store.incoming.directory: this directory is inside camera.recording.directory, first used at config.toml:3:23; each needs one of its own
                incoming.directory = "/srv/./video/in"
                                     ^
            config.toml:8:13: error: access.directory: this directory has camera.recording.directory inside it, first used at config.toml:3:23; each needs one of its own
                directory = "/srv"
                            ^
            """
        ),
        MessageCase(
            "[store]\n[access]\ndirectory = \"/var/lib/martlet/store/access\"",
            """
            config.toml:3:13: error: access.directory: this directory is inside store.recording.directory, by default; each needs one of its own
                directory = "/var/lib/martlet/store/access"
                            ^
            """
        ),
        MessageCase(
            """
            [camera]
            name = "a"
            rtsp.listen = "0.0.0.0:9000"
            [store]
            rtsp.listen = "127.0.0.1:9000"
            """,
            """
            config.toml:5:15: error: store.rtsp.listen: 127.0.0.1:9000 clashes with 0.0.0.0:9000, which is where camera.rtsp.listen listens, first used at config.toml:3:15
                rtsp.listen = "127.0.0.1:9000"
                              ^
            """
        ),
        MessageCase(
            "[store.rtsp]\nlisten = \"0.0.0.0:8322\"",
            """
            config.toml:2:10: error: store.rtsp.listen: 0.0.0.0:8322 is where store.rtsp.tls-listen listens, by default
                listen = "0.0.0.0:8322"
                         ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://h/\"\npush = true",
            """
            config.toml:3:8: error: cameras.a.push: a camera that pushes has no 'url', but there is one at config.toml:2:7
                push = true
                       ^
            """
        ),
        MessageCase(
            "[cameras.a]\npush = false",
            """
            config.toml:1:1: error: cameras.a: the key 'url' is missing; add url = "rtsp://…", or push = true for a camera that brings its video
                [cameras.a]
                ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://h/\"\nuser = \"admin\"\n[cameras.b]\nurl = \"rtsp://i/\"\npassword-file = \"/x\"",
            """
            config.toml:3:8: error: cameras.a.user: a user needs a password; add password-file = "/etc/martlet/…"
                user = "admin"
                       ^
            config.toml:6:17: error: cameras.b.password-file: there is no user for this password; add user = "…"
                password-file = "/x"
                                ^
            """
        ),
        MessageCase(
            "[cameras.a]\nurl = \"rtsp://h/\"\nuser = \"admin\"\npassword-file = \"/x\"\ntoken-file = \"/y\"",
            """
            config.toml:5:14: error: cameras.a.token-file: a camera is logged in to with a token or as a user, but there is a user at config.toml:3:8; a Martlet camera takes the token, any other one the user
                token-file = "/y"
                             ^
            """
        ),
        MessageCase(
            "[cameras.till]\nurl = \"rtsp://h/\"\n[locations.shop]\ndevices = [\"till\", \"tull\",\n  \"door\", \"till\"]",
            """
            config.toml:4:11: warning: locations.shop.devices: is not acted on by this version
                devices = ["till", "tull",
                          ^
            config.toml:4:20: error: locations.shop.devices: there is no camera 'tull'; did you mean "till"?
                devices = ["till", "tull",
                                   ^
            config.toml:5:3: error: locations.shop.devices: there is no camera 'door'; add [cameras.door]
                  "door", "till"]
                  ^
            config.toml:5:11: error: locations.shop.devices: 'till' is listed twice, first at config.toml:4:12
                  "door", "till"]
                          ^
            """
        ),
    ]

    static let syntaxCases: [MessageCase] = [
        MessageCase(
            "a\(String(repeating: ".a", count: 40)) = 1",
            """
            config.toml:1:64: error: syntax error: nested too deeply
                a\(String(repeating: ".a", count: 40)) = 1
                \(String(repeating: " ", count: 63))^
            """
        ),
        MessageCase(
            "[=",
            """
            config.toml:1:2: error: syntax error in key: expected bare key starting character or string delimiter, saw '='
                [=
                 ^
            """
        ),
        MessageCase(
            "a\u{CF} = 1",
            """
            config.toml:1:2: error: syntax error in key-value pair: expected '=', saw 'Ï'
                aÏ = 1
                 ^
            """
        ),
        MessageCase(
            "[camera]\nname = front-door",
            """
            config.toml:2:9: error: syntax error in boolean: expected 'false', saw 'fr'; text, and a number with a unit, stand in quotes
                name = front-door
                        ^
            """
        ),
        MessageCase(
            "[store.recording]\nchunk-duration = 10 min",
            """
            config.toml:2:21: error: syntax error in key-value pair: expected a comment or whitespace, saw 'm'; text, and a number with a unit, stand in quotes
                chunk-duration = 10 min
                                    ^
            """
        ),
        MessageCase(
            "[camera]\nname = \"front-door\nwidth = 640",
            """
            config.toml:2:19: error: syntax error in string: unescaped control characters other than TAB (U+0009) are explicitly prohibited; close the quotes on the line they begin on
                name = "front-door
                                  ^
            """
        ),
        MessageCase(
            "[camera]\n[camera]",
            """
            config.toml:2:1: error: syntax error in table header: cannot redefine existing table 'camera'
                [camera]
                ^
            """
        ),
        MessageCase(
            "password = \"hunter2\nx",
            """
            config.toml:1:20: error: syntax error in string: unescaped control characters other than TAB (U+0009) are explicitly prohibited; close the quotes on the line they begin on
                password = "***
                               ^
            """
        ),
        MessageCase(
            "\"日本e\u{301}\" = 1 2\r\n",
            """
            config.toml:1:12: error: syntax error in key-value pair: expected a comment or whitespace, saw '2'; text, and a number with a unit, stand in quotes
                "日本e\u{301}" = 1 2
                            ^
            """
        ),
        MessageCase(
            "a\tb = 1",
            """
            config.toml:1:3: error: syntax error in key-value pair: expected '=', saw 'b'
                a\tb = 1
                 \t^
            """
        ),
        MessageCase(
            "a = 1\u{0}",
            """
            config.toml:1:6: error: syntax error in decimal integer: expected digit, saw '\\u0000'
                a = 1\u{FFFD}
                     ^
            """
        ),
    ]
}
