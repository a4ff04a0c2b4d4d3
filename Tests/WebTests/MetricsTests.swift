// SPDX-License-Identifier: Apache-2.0
import Foundation
import GLib
import TestSupport
import Testing

@testable import Web

@Suite("Metrics", .mainLoop, .timeLimit(.minutes(2)))
struct MetricsTests {
    private static func status(
        _ state: String = "running",
        recording: String = #""enabled":true"#,
        open: Bool = true
    ) -> String {
        #"""
        {"role":"store","version":"0.1.0","since":"2026-11-21T10:20:00.500Z","well":false,"troubles":["a","b"],
        "clock":{"synchronised":true},"configuration":{"state":"rejected"},
        "recording":{"open":\#(open),"used":123456789012,"max-space":2e12,"min-free":1e9,"free":5,"oldest":"2026-11-01T00:00:00.000Z"},
        "uploads":[{"url":"sftp://nas/x","waiting":2,"waiting-bytes":300,"sent":4,"deleted":0,"cause":"full"}],
        "incoming":{"taken":1,"rejected":2,"waiting":3},
        "resources":{"memory":1000,"threads":20,"descriptors":30},
        "cameras":[{"name":"door","state":"\#(state)","seconds":90,"faults":1,"format":{"width":640,"height":480},
        "fps":29.97,"bitrate":8000,"frames":1234,"undecodable":2,"last-frame":"2026-11-21T10:21:00.000Z",
        "last-keyframe":"2026-11-21T10:20:59.000Z","recording":{\#(recording),"finished":7,"unfinished":0,"queued":11,
        "oldest":"2026-11-01T00:00:00.000Z"},"viewers":{"count":3,"queued":4,"skipped":5},"push":{"state":"running"},
        "replenish":{"lacking-bytes":6,"fetched-bytes":7},"acknowledged":{"lacking-bytes":8}},
        {"name":"till","state":"running","fps":0,"frames":0}]}
        """#
    }

    @Test("what is served is what the reference names, and in the format that Prometheus reads")
    func names() throws {
        let text = Metrics.text(try StatusFigures(Array(Self.status().utf8)), bytes: ["door": 99])
        var (served, types) = (Set<String>(), [String: String]())
        for line in text.split(separator: "\n") {
            if let match = line.wholeMatch(of: #/# TYPE (martlet_[a-z_]+) (counter|gauge)/#) {
                #expect(types.updateValue(String(match.2), forKey: String(match.1)) == nil)
            } else if !line.hasPrefix("# HELP martlet_") {
                let form = #/(martlet_[a-z_]+)(?:\{[a-z]+="[^"\n]*"(?:,[a-z]+="[^"\n]*")*\})? (-?[0-9.e+]+)/#
                let match = try #require(line.wholeMatch(of: form), "\(line)")
                served.insert(String(match.1))
                #expect(types[String(match.1)] == (match.1.hasSuffix("_total") ? "counter" : "gauge"), "\(line)")
                #expect(Double(match.2) != nil)
            }
        }
        #expect(served == Set(Metrics.names))
        let document = try String(contentsOfFile: "\(Product.repository)/docs/reference/metrics.md", encoding: .utf8)
        let named = Set(document.matches(of: #/`(martlet_[a-z_]+)`/#).map { String($0.1) })
        #expect(named == served, "\(named.symmetricDifference(served))")
        for row in [
            #"martlet_recording_used_bytes 123456789012"#, #"martlet_start_time_seconds 1795256400.5"#,
            #"martlet_camera_bytes_per_second{camera="door"} 1000"#,
            #"martlet_camera_frames_per_second{camera="door"} 29.97"#,
            #"martlet_upload_waiting_bytes{url="sftp://nas/x"} 300"#, #"martlet_upload_running{url="sftp://nas/x"} 0"#,
            #"martlet_configuration_current 0"#, #"martlet_camera_received_bytes_total{camera="door"} 99"#,
        ] { #expect(text.contains(row + "\n"), "\(row)") }
    }

    @Test("they are for this machine, for whoever is logged in, and for a token of its camera alone")
    @MainLoop
    func access() async throws {
        let site = try await RecordedSite(cameras: [], status: Self.status())
        defer { site.close() }
        func ask(_ words: String...) async throws -> (status: String, text: String) {
            let asked = try await run(
                ["curl", "-sS", "-o", site.scratch("metrics"), "-w", "%{http_code}"] + words + [site.url + "/metrics"]
            )
            return (asked.output, try site.text("metrics"))
        }
        #expect(try await ask().text.contains("\nmartlet_troubles 2\n"))
        // Passed on by a proxy it is the whole world.
        let passed = "X-Forwarded-For: 192.0.2.7"
        #expect(try await ask("-H", passed).status == "401")
        #expect(try await ask("-H", "Host: evil.example").status == "401")
        let person = try await ask("-H", passed, "-b", "martlet-session=\(site.cookie)")
        #expect(person.status == "200" && person.text.contains("martlet_well 0"))
        let token = try await site.access.issue(for: "till", rights: .read, at: 0)
        let device = try await ask("-H", passed, "-H", "Authorization: Bearer \(token)")
        #expect(device.status == "200" && device.text.contains(#"martlet_camera_running{camera="till"} 1"#))
        #expect(!device.text.contains("door") && !device.text.contains("martlet_well"))
        let publisher = try await site.access.issue(for: "till", rights: .publish, at: 0)
        #expect(try await ask("-H", passed, "-H", "Authorization: Bearer \(publisher)").status == "403")
        #expect(try await ask("-X", "DELETE").status == "405")
    }

    @Test("health is whether what is to be recorded is")
    func health() throws {
        for (status, isWell) in [
            (Self.status(), true), (Self.status("backing-off"), false), (Self.status("starting"), false),
            (Self.status("backing-off", recording: #""enabled":false"#), true), (Self.status(open: false), false),
            (Self.status(recording: #""enabled":true,"trouble":"the disk is full""#), false), ("{}", true),
            (Self.status(recording: #""enabled":false"#, open: false), true),
        ] {
            #expect(try StatusFigures(Array(status.utf8)).isRecorded == isWell, "\(status)")
        }
    }

    @Test("health is told to anybody by its code, and nothing else is")
    @MainLoop
    func healthz() async throws {
        for (status, code, text) in [
            (Self.status(), "200", "ok\n"), (Self.status("stuck"), "503", "not recording\n"), ("", "503", ""),
        ] {
            let site = try await RecordedSite(cameras: [], status: status)
            let asked = try await run(
                ["curl", "-sS", "-H", "X-Forwarded-For: 192.0.2.7", "-o", site.scratch("health"), "-w", "%{http_code}"]
                    + [site.url + "/healthz"]
            )
            #expect(asked.output == code)
            if !text.isEmpty { #expect(try site.text("health") == text) }
            site.close()
        }
    }
}
