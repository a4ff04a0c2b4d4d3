// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The page in Chromium, by its own checks (`Tests/Page`), against a camera and a store as they run.
@Suite("Page", .serialized, .timeLimit(.minutes(12)))
struct PageTests {
    @Test(
        "the page's own modules count, draw and keep time in four time zones; settings, sessions and the log are at hand",
        arguments: ["test_units.py", "test_administration.py"]
    )
    func units(file: String) async throws {
        let checked = try await run(
            "/usr/bin/python3",
            "\(Product.repository)/Tests/Page/\(file)",
            environment: ["PYTHONDONTWRITEBYTECODE": "1"],
            limit: .seconds(240)
        )
        #expect(checked.status == 0, "\(checked.errors.suffix(4000))")
    }

    @Test("people log in, see live and recorded video, and do what they may, on a store's page")
    func walk() async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("front-door", in: scratch)
        let camera = try Martlet("camera", "--config", door.configuration)
        try await camera.expect("capture runs")
        let places = try TestStore([door], in: scratch)
        let port = try freePort()
        let text = try String(contentsOfFile: places.configuration, encoding: .utf8)
            .replacing(
                "[store.web]\nlisten = \"none\"",
                with: "[store.web]\nlisten = \"127.0.0.1:\(port)\""
            )
        try text.write(toFile: places.configuration, atomically: true, encoding: .utf8)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("the page is at http://127.0.0.1:\(port)/")
        try scratch.write("password", "correct-horse-battery\n")
        let made = try await run(
            [try Martlet.path, "user", "add", "anna", "--role", "admin", "--password-file", scratch("password")]
                + ["--config", places.configuration]
        )
        #expect(made.status == 0, "\(made.errors)")
        // Some boundaries between chunks, which last ten seconds.
        try await store.expect("is complete", times: 4, within: .seconds(60))
        for file in ["test_recorder.py", "test_page.py"] {
            let walked = try await run(
                "/usr/bin/python3",
                "\(Product.repository)/Tests/Page/\(file)",
                environment: [
                    "MARTLET_PAGE": "http://127.0.0.1:\(port)/", "MARTLET_USER": "anna",
                    "MARTLET_PASSWORD": "correct-horse-battery", "PYTHONDONTWRITEBYTECODE": "1",
                ],
                limit: .seconds(300)
            )
            #expect(walked.status == 0, "\(walked.errors.suffix(4000))")
        }
        // Who watched has cost the recording nothing.
        for process in [store, camera] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
    }

    @Test("a frozen camera, a full disk, a restart, a lost session and a wrong edit are said, and live video goes on")
    func trouble() async throws {
        let checked = try await run(
            "/usr/bin/python3",
            "\(Product.repository)/Tests/Page/test_trouble.py",
            environment: ["MARTLET": try Martlet.path, "PYTHONDONTWRITEBYTECODE": "1"],
            limit: .seconds(400)
        )
        #expect(checked.status == 0, "\(checked.errors.suffix(4000))")
    }
}
