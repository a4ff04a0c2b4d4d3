// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite("Leaks", .timeLimit(.minutes(1)))
struct LeakTests {
    @Test(
        "what is used and let go of is gone",
        arguments: [
            "nothing", "pipelines", "parse errors", "samples", "signals and properties", "pushed samples",
            "a byte sink",
            "a byte sink without an end", "an RTSP server", "a feed and its recorder",
        ]
    )
    func nothingIsLeft(scenario: String) async throws {
        let leaks = try await leaks(of: scenario)
        #expect(leaks.isEmpty, "\(leaks.joined(separator: "\n"))")
    }

    @Test("what is not given back is noticed")
    func noticed() async throws {
        let leaks = try await leaks(of: "one element that nobody gives back")
        #expect(leaks.contains { $0.contains("type-name=(string)GstFakeSink") }, "\(leaks.joined(separator: "\n"))")
    }

    /// What GStreamer's tracer says is still alive when GStreamer ends.
    private func leaks(of scenario: String) async throws -> [String] {
        let result = try await run(
            Product.program("TestProbe"),
            "leaks",
            scenario,
            environment: ["GST_TRACERS": "leaks", "GST_DEBUG": "GST_TRACER:7", "GST_DEBUG_NO_COLOR": "1"]
        )
        #expect(result.status == 0, "\(result.errors)")
        return result.errors.split(separator: "\n").filter { $0.contains("object-alive, ") && !$0.contains("%s") }.map(
            String.init
        )
    }
}
