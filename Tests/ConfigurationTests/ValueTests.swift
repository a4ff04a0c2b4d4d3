// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Configuration

@Suite("Values")
struct ValueTests {
    @Test(
        "a size is a number with a unit",
        arguments: [
            ("500 GB", 500_000_000_000), ("500GB", 500_000_000_000), ("500 GiB", 536_870_912_000), ("0 B", 0),
            ("1.5 GB", 1_500_000_000), ("1.50 GB", 1_500_000_000), ("0.5 kB", 500), ("1 KB", 1000), ("2 KiB", 2048),
            ("1.5 KiB", 1536), ("3 MB", 3_000_000), ("3 MiB", 3_145_728), ("2 TB", 2_000_000_000_000),
            ("1 TiB", 1_099_511_627_776), ("9223372036854775807 B", .max), ("9223372036854775.807 kB", .max),
            ("007 B", 7),
        ] as [(String, Int64)]
    )
    func size(text: String, bytes: Int64) throws {
        #expect(try ByteCount(parsing: text) == ByteCount(bytes: bytes))
    }

    /// Apart from the test, since Swift 6.0 crashes over an interpolation among the arguments of a macro.
    private static let notSizes: [(String, String?)] = [
        ("", nil), ("GB", nil), ("-1 GB", nil), ("1,5 GB", "',5 GB' is no unit of size; use \(sizes)"),
        ("1. GB", nil), (".5 GB", nil), ("1.2.3 GB", nil), ("500", "add a unit: \(sizes)"),
        ("500 Gb", "'Gb' is no unit of size; use \(sizes)"), ("500 GB ", "'GB ' is no unit of size; use \(sizes)"),
        (" 500 GB", nil), ("1e3 GB", "'e3 GB' is no unit of size; use \(sizes)"),
        ("0.5 B", "that is not a whole number of B"), ("0.0001 kB", "that is not a whole number of B"),
        ("1.0000000000000000001 TB", "that is not a whole number of B"),
        ("9223372036854775808 B", "that is more than can be counted"),
        ("99999999 TB", "that is more than can be counted"),
        ("99999999999999999999999 TB", "that is more than can be counted"), ("٣ GB", nil),
    ]

    @Test("what is no size says why", arguments: notSizes)
    func noSize(text: String, hint: String?) {
        #expect(throws: InvalidValue(hint: hint)) { try ByteCount(parsing: text) }
    }

    private static let sizes = "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"

    @Test(
        "a size is printed in its shortest exact form",
        arguments: [
            (500_000_000_000, "500 GB"), (536_870_912_000, "500 GiB"), (1_500_000_000, "1500 MB"), (0, "0 B"),
            (1, "1 B"), (1024, "1 KiB"), (.max, "9223372036854775807 B"),
        ] as [(Int64, String)]
    )
    func sizeText(bytes: Int64, text: String) {
        #expect("\(ByteCount(bytes: bytes))" == text)
    }

    @Test(
        "a rate is a number with a unit",
        arguments: [
            ("4 Mbit/s", 4_000_000, "4 Mbit/s"), ("2.5Mbit/s", 2_500_000, "2500 kbit/s"), ("1 bit/s", 1, "1 bit/s"),
            ("8000 kbit/s", 8_000_000, "8 Mbit/s"), ("1 Gbit/s", 1_000_000_000, "1 Gbit/s"),
        ] as [(String, Int64, String)]
    )
    func rate(text: String, bits: Int64, canonical: String) throws {
        let rate = try BitRate(parsing: text)
        #expect(rate == BitRate(bitsPerSecond: bits))
        #expect("\(rate)" == canonical)
    }

    @Test("what is no rate is refused", arguments: ["4", "4 Mbit", "4 MBit/s", "4 Mbps", "4 MB/s", "0.5 bit/s"])
    func noRate(text: String) {
        #expect(throws: InvalidValue.self) { try BitRate(parsing: text) }
    }

    @Test(
        "a duration is a number with a unit",
        arguments: [
            ("500 ms", .milliseconds(500), "500 ms"), ("10 s", .seconds(10), "10 s"),
            ("10 min", .minutes(10), "10 min"),
            ("60 min", .hours(1), "1 h"), ("2 h", .hours(2), "2 h"), ("30 days", .days(30), "30 days"),
            ("1 day", .days(1), "1 day"), ("1.5 s", .milliseconds(1500), "1500 ms"), ("0 s", .zero, "0 ms"),
            ("0.5 h", .minutes(30), "30 min"), ("90min", .minutes(90), "90 min"),
        ] as [(String, Duration, String)]
    )
    func duration(text: String, duration: Duration, canonical: String) throws {
        #expect(try Duration(parsing: text) == duration)
        #expect(duration.text == canonical)
    }

    @Test(
        "what is no duration is refused",
        arguments: ["10", "10 m", "10 minutes", "10 sec", "0.5 ms", "-1 s", "9223372036854775807 s", "1 h 30 min"]
    )
    func noDuration(text: String) {
        #expect(throws: InvalidValue.self) { try Duration(parsing: text) }
    }

    @Test("every quantity parses back from its own text")
    func roundTrips() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            let amount = Int64.random(in: 0...(Int64.max >> Int64.random(in: 0...62, using: &random)), using: &random)
            let factor: Int64 =
                [1, 1000, 1024, 1_000_000, 1 << 30, 60_000, 86_400_000].randomElement(using: &random) ?? 1
            let (product, overflow) = amount.multipliedReportingOverflow(by: factor)
            let value = overflow ? amount : product
            #expect(try ByteCount(parsing: "\(ByteCount(bytes: value))").bytes == value)
            #expect(try BitRate(parsing: "\(BitRate(bitsPerSecond: value))").bitsPerSecond == value)
            let duration = Duration.milliseconds(value)
            #expect(try Duration(parsing: duration.text) == duration)
        }
    }

    @Test("a duration that no configuration can hold still has a text", arguments: [Duration.seconds(Int64.max)])
    func longDuration(duration: Duration) {
        #expect(duration.text == "9223372036854775807 s")
    }

    @Test(
        "an address is a host and a port",
        arguments: [
            ("0.0.0.0:8554", "0.0.0.0", 8554, "0.0.0.0:8554"), ("[::]:8554", "::", 8554, "[::]:8554"),
            ("[0:0:0:0:0:0:0:1]:1", "::1", 1, "[::1]:1"), ("[2001:DB8::1]:80", "2001:db8::1", 80, "[2001:db8::1]:80"),
            ("LocalHost:65535", "localhost", 65535, "localhost:65535"),
            ("pi-4.local:80", "pi-4.local", 80, "pi-4.local:80"),
            ("127.0.0.1:08080", "127.0.0.1", 8080, "127.0.0.1:8080"),
        ]
    )
    func address(text: String, host: String, port: Int, canonical: String) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect("\(address)" == canonical)
        #expect(try ListenAddress(parsing: canonical) == address)
    }

    @Test(
        "what is no address says why",
        arguments: [
            ("", "add a port, such as :8554"), ("0.0.0.0", "add a port, such as :8554"),
            ("8554", "add a host, such as 0.0.0.0"),
            (":8554", "every address of this machine is 0.0.0.0"), ("0.0.0.0:0", "a port is a number from 1 to 65535"),
            ("0.0.0.0:65536", "a port is a number from 1 to 65535"), ("0.0.0.0:", "a port is a number from 1 to 65535"),
            ("0.0.0.0:+80", "a port is a number from 1 to 65535"),
            ("::1:80", "an IPv6 address needs brackets, as in [::]:8554"),
            ("[::g]:80", "there is no IPv6 address in the brackets"),
            ("[]:80", "there is no IPv6 address in the brackets"),
            ("1.2.3.256:80", "an IPv4 address is four numbers from 0 to 255"),
            ("1.2.3:80", "an IPv4 address is four numbers from 0 to 255"), ("a b:80", nil), ("-a:80", nil),
            ("a..b:80", nil),
            ("ü:80", nil),
        ] as [(String, String?)]
    )
    func noAddress(text: String, hint: String?) {
        #expect(throws: InvalidValue(hint: hint)) { try ListenAddress(parsing: text) }
    }

    @Test(
        "two servers cannot share an address",
        arguments: [
            ("0.0.0.0:1", "0.0.0.0:1", true), ("0.0.0.0:1", "127.0.0.1:1", true), ("0.0.0.0:1", "[::1]:1", false),
            ("[::]:1", "127.0.0.1:1", true), ("[::]:1", "[::1]:1", true), ("localhost:1", "127.0.0.1:1", true),
            ("10.0.0.1:1", "127.0.0.1:1", false), ("0.0.0.0:1", "0.0.0.0:2", false), ("0.0.0.0:1", "pi.local:1", true),
        ]
    )
    func clashes(left: String, right: String, clash: Bool) throws {
        let (left, right) = (try ListenAddress(parsing: left), try ListenAddress(parsing: right))
        #expect(left.clashes(with: right) == clash)
        #expect(right.clashes(with: left) == clash)
    }

    @Test(
        "a camera's name is a label",
        arguments: ["a", "front-door", "2", "cam-2", String(repeating: "x", count: 63)]
    )
    func name(text: String) throws {
        #expect("\(try CameraName(parsing: text))" == text)
    }

    @Test(
        "what is no name says which one is near",
        arguments: [
            ("", nil), ("-", nil), ("a-", "'a' would do"), ("-a", "'a' would do"),
            ("Front Door", "'front-door' would do"),
            ("front_door", "'front-door' would do"), ("über", nil), ("a/../b", "'a-b' would do"),
            ("a\u{0}b", "'a-b' would do"),
            (String(repeating: "x", count: 64), nil),
            (String(repeating: "X", count: 63), "'" + String(repeating: "x", count: 63) + "' would do"),
        ] as [(String, String?)]
    )
    func noName(text: String, hint: String?) {
        #expect(throws: InvalidValue(hint: hint)) { try CameraName(parsing: text) }
    }

    @Test("names sort as text")
    func nameOrder() throws {
        let names = try ["b", "a-b", "a", "a1"].map { try CameraName(parsing: $0) }
        #expect(names.sorted().map(\.description) == ["a", "a-b", "a1", "b"])
    }

    @Test(
        "a URL has a scheme, a host and a port",
        arguments: [
            ("rtsp://cam/x", "rtsp", nil, "cam", 554, "/x"), ("RTSPS://Cam:322", "rtsps", nil, "cam", 322, ""),
            ("https://[::1]:8443/", "https", nil, "[::1]", 8443, ""), ("sftp://me@h/in", "sftp", "me", "h", 22, "/in"),
            ("rtsp://h?a=b@c", "rtsp", nil, "h", 554, "?a=b@c"), ("x://h", "x", nil, "h", nil, ""),
        ] as [(String, String, String?, String, Int?, String)]
    )
    func url(text: String, scheme: String, user: String?, host: String, port: Int?, path: String) throws {
        let address = try ResourceAddress(parsing: text)
        #expect(address.scheme == scheme)
        #expect(address.user == user)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(!address.hasPassword)
    }

    @Test(
        "a URL's password is noticed and not kept",
        arguments: ["rtsp://a:b@h/", "rtsp://:b@h/", "rtsp://a:b:c@d@h/"]
    )
    func passwordInURL(text: String) throws {
        let address = try ResourceAddress(parsing: text)
        #expect(address.hasPassword)
        #expect(address.host == "h")
        #expect(!"\(address)".contains("b"))
    }

    @Test(
        "what is no URL is refused",
        arguments: ["", "cam", "rtsp:/h", "rtsp://", "rtsp://h:0/", "rtsp://h:x/", "rtsp://h/a b"]
    )
    func noURL(text: String) {
        #expect(throws: InvalidValue.self) { try ResourceAddress(parsing: text) }
    }
}
