// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import martlet

@Suite(
    "Upload",
    .serialized,
    .timeLimit(.minutes(5)),
    .enabled(if: FileServer.arePossible, FileServer.reason)
)
struct UploadTests {
    /// What a daemon says; `nil` while none answers.
    private func status(_ configuration: String) async throws -> Status? {
        let result = try await run([try Martlet.path, "status", "--json", "--config", configuration])
        guard result.output.hasPrefix("{") else { return nil }
        return try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
    }

    /// A camera that has been stopped with a chunk or two on its card.
    private func recorded(in scratch: ScratchDirectory) async throws -> TestCamera {
        let camera = try TestCamera("door", in: scratch)
        let process = try Martlet("camera", "--config", camera.configuration)
        try await process.expect("is complete", times: 2, within: .seconds(90))
        process.send(SIGTERM)
        #expect(try await process.end() == 0)
        return camera
    }

    /// What lies at the server is what is on the card, and what is said of it there is so.
    private func isWhole(_ server: FileServer, _ camera: TestCamera) async throws {
        let files = Footage(of: "door", in: camera.directory).files
        let there = Footage(of: "", in: server.folder).files
        let names = files.map { URL(fileURLWithPath: $0).lastPathComponent }
        #expect(names == there.map { URL(fileURLWithPath: $0).lastPathComponent }.sorted())
        for file in there {
            let own = try #require(files.first { $0.hasSuffix(URL(fileURLWithPath: file).lastPathComponent) })
            #expect(try bytes(of: file) == bytes(of: own), "\(file)")
            let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
            let checked = try await run("sh", "-c", "cd '\(folder)' && sha256sum --check --quiet '\(file).sha256'")
            #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
        }
        #expect(try server.files().keys.allSatisfy { !$0.hasSuffix(".part") })
    }

    @Test("what a camera uploads is taken in by a store as it was recorded, and nothing is sent twice")
    func toStore() async throws {
        let scratch = try ScratchDirectory()
        let server = try await FileServer(.sftp, in: scratch)
        let camera = try TestCamera("door", in: scratch)
        try camera.upload(server.table)
        let source = try Martlet("camera", "--config", camera.configuration)
        try await source.expect("is uploaded", times: 2, within: .seconds(90))
        source.send(SIGTERM)
        #expect(try await source.end() == 0)

        let places = try TestStore([TestCamera](), in: scratch)
        let text = try String(contentsOfFile: places.configuration, encoding: .utf8)
        try (text + "[store.incoming]\ndirectory = \"\(server.folder)\"\n").write(
            toFile: places.configuration,
            atomically: true,
            encoding: .utf8
        )
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("is chunk", and: "door", times: 2)
        // The rest comes while the store runs.
        let again = try Martlet("camera", "--config", camera.configuration)
        try await again.expect("is uploaded", times: 2, within: .seconds(90))
        again.send(SIGTERM)
        #expect(try await again.end() == 0)
        let last = try Martlet("camera", "--config", camera.configuration)
        try await eventually {
            guard let upload = try await status(camera.configuration)?.uploads?.first else { return false }
            return upload.waiting == 0 && upload.state == .idle
        }
        last.send(SIGTERM)
        #expect(try await last.end() == 0)
        let sent = [source, again, last].map { $0.count(of: "is uploaded") }.reduce(0, +)
        try await store.expect("is chunk", and: "door", times: sent)
        #expect(try server.files() == [:])
        let said = try #require(try await status(places.configuration))
        #expect(said.incoming?.taken == sent && said.incoming?.duplicates == 0 && said.troubles == [])
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        let (own, taken) = (Footage(of: "door", in: camera.directory), Footage(of: "door", in: places.directory))
        #expect(taken.files.count == sent)
        try await taken.decodes()
        // What was recorded after the last was sent is still on the card alone.
        let units = try await taken.accessUnits()
        let recorded = try await own.accessUnits()
        #expect(recorded.starts(with: units))
        let verified = try await run(try Martlet.path, "chunks", "verify", "--directory", places.directory)
        #expect(verified.status == 0, "\(verified.output)")
        // The index is made anew from the files alone.
        let listed = try await run(try Martlet.path, "chunks", "list", "--json", "--directory", places.directory)
        let anew = try await run(try Martlet.path, "chunks", "reindex", "--directory", places.directory)
        #expect(anew.status == 0, "\(anew.errors)")
        let relisted = try await run(try Martlet.path, "chunks", "list", "--json", "--directory", places.directory)
        #expect(listed.output.count > 2 && relisted.output == listed.output)
    }

    @Test(
        "a session that is killed in the middle of a file is resumed where it ended",
        arguments: [FileServer.Kind.sftp, .ftp]
    )
    func killed(kind: FileServer.Kind) async throws {
        let scratch = try ScratchDirectory()
        let camera = try await recorded(in: scratch)
        let server = try await FileServer(kind, in: scratch)
        try camera.upload(server.table + "\nrate = \"8 Mbit/s\"")
        let source = try Martlet("camera", "--config", camera.configuration)
        func arriving() throws -> (name: String, bytes: Int64)? {
            try server.files().filter { $0.key.hasSuffix(".part") }.max { $0.value < $1.value }.map {
                ($0.key, $0.value)
            }
        }
        try await eventually { try arriving()?.bytes ?? 0 > 500_000 }
        let part = try #require(try arriving())
        try await server.killSessions()
        try await source.expect("chunks are not uploaded")
        // It never becomes shorter: nothing of it is sent again.
        let before = try #require(try server.files()[part.name])
        var isContinued = true
        try await eventually {
            let now = try server.files()[part.name]
            if let now, now < before { isContinued = false }
            return now == nil
        }
        #expect(isContinued)
        try await source.expect("chunks are uploaded again")
        // Stopped in the middle, the next process goes on.
        try await eventually { try arriving() != nil || source.count(of: "is uploaded") >= 3 }
        source.send(SIGTERM)
        #expect(try await source.end() == 0)
        try camera.upload(server.table)
        let next = try Martlet("camera", "--config", camera.configuration)
        try await eventually {
            guard let upload = try await status(camera.configuration)?.uploads?.first else { return false }
            return upload.waiting == 0 && upload.state == .idle && upload.cause == nil
        }
        let present = try server.chunks()
        next.send(SIGTERM)
        #expect(try await next.end() == 0)
        #expect(present.count >= 2)
        // What was closed at the end goes with the next start.
        let last = try Martlet("camera", "--config", camera.configuration)
        try await last.expect("is uploaded")
        last.send(SIGTERM)
        #expect(try await last.end() == 0)
        for name in present {
            let own = try #require(Footage(of: "door", in: camera.directory).files.first { $0.hasSuffix(name) })
            let there = try #require(Footage(of: "", in: server.folder).files.first { $0.hasSuffix(name) })
            #expect(try bytes(of: own) == bytes(of: there))
        }
    }

    @Test("a server that is not the one, a key that opens nothing: said in words, and all is there in the end")
    func refused() async throws {
        let scratch = try ScratchDirectory()
        let camera = try await recorded(in: scratch)
        let server = try await FileServer(.sftp, in: scratch)
        // Nobody said which server it is.
        try camera.upload(server.table.split(separator: "\n").prefix(2).joined(separator: "\n"))
        let source = try Martlet("camera", "--config", camera.configuration)
        let own = try await FileServer.fingerprint(of: scratch("host.pub")).dropFirst("SHA256:".count)
        try await source.expect("the server's key is not known", and: "host-key = \"sha256:\(own)\"")
        // Nor does a file.
        let lines = server.table.split(separator: "\n").prefix(2).joined(separator: "\n")
        try scratch.write("known_hosts", "")
        try camera.upload(lines + "\nknown-hosts = \"\(scratch("known_hosts"))\"")
        try await source.expect("the server's key is not in \(scratch("known_hosts"))", and: String(own))
        // Not the one that it is to be.
        try await server.stop()
        try await server.start(hostKey: "other-host")
        try camera.upload(server.table)
        let other = try await FileServer.fingerprint(of: scratch("other-host.pub")).dropFirst("SHA256:".count)
        try await source.expect("the server shows another key than 'host-key' says: sha256:\(other)")
        let troubles = try #require(try await status(camera.configuration)).troubles
        #expect(troubles.contains { $0.contains("not uploaded yet") && $0.contains(other) }, "\(troubles)")
        #expect(try server.files() == [:])
        // The right server, which does not know the camera.
        try await server.stop()
        try server.admit("other-camera")
        try await server.start()
        try await source.expect(
            "the server does not let 'root' in with the key \(scratch("camera"))",
            within: .seconds(60)
        )
        // It does now; the file has the server's key.
        let key = try String(contentsOfFile: scratch("host.pub"), encoding: .utf8)
        try scratch.write("known_hosts", "[127.0.0.1]:\(server.port) \(key)")
        try server.admit("camera")
        try camera.upload(lines + "\nknown-hosts = \"\(scratch("known_hosts"))\"")
        try await source.expect("is uploaded", times: 2, within: .seconds(90))
        // Nothing of all this touched the recording.
        #expect(source.count(of: "is not recorded") == 0)
        source.send(SIGTERM)
        #expect(try await source.end() == 0)
    }

    @Test(
        "a server whose disk is full is waited for, and loses nothing",
        .enabled(if: Mount.isPossible, Mount.reason),
        arguments: [FileServer.Kind.sftp, .ftp]
    )
    func diskFull(kind: FileServer.Kind) async throws {
        let scratch = try ScratchDirectory()
        let camera = try await recorded(in: scratch)
        let server = try await FileServer(kind, in: scratch)
        try await run("mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", server.folder)
        do {
            try camera.upload(server.table)
            let source = try Martlet("camera", "--config", camera.configuration)
            try await source.expect("chunks are not uploaded")
            if kind == .sftp { try await source.expect("the server's disk is full") }
            #expect(try server.chunks().allSatisfy { try server.files()[$0] ?? 0 < 2_000_000 })
            try await run("mount", "-o", "remount,size=100m", server.folder)
            let limit = Duration.seconds(120)
            try await source.expect("chunks are uploaded again", within: limit)
            try await source.expect("is uploaded", times: 2, within: limit)
            source.send(SIGTERM)
            #expect(try await source.end() == 0)
            for name in try server.chunks() {
                let own = try #require(Footage(of: "door", in: camera.directory).files.first { $0.hasSuffix(name) })
                let there = try #require(Footage(of: "", in: server.folder).files.first { $0.hasSuffix(name) })
                #expect(try bytes(of: own) == bytes(of: there))
            }
        } catch {
            try await run("umount", "-l", server.folder)
            throw error
        }
        try await run("umount", "-l", server.folder)
    }

    @Test("SCP and FTP bring chunks whole as well", arguments: [FileServer.Kind.scp, .ftp])
    func plain(kind: FileServer.Kind) async throws {
        let scratch = try ScratchDirectory()
        let camera = try await recorded(in: scratch)
        let server = try await FileServer(kind, in: scratch)
        // What is on the card alone: nothing new comes.
        let off = try String(contentsOfFile: camera.configuration, encoding: .utf8)
            .replacing("chunk-duration = \"10 s\"", with: "chunk-duration = \"60 min\"")
        try off.write(toFile: camera.configuration, atomically: true, encoding: .utf8)
        try camera.upload(server.table)
        let count = Footage(of: "door", in: camera.directory).files.count
        let source = try Martlet("camera", "--config", camera.configuration)
        try await source.expect("is uploaded", times: count)
        // Only what has been finished meanwhile is not there yet.
        source.send(SIGKILL)
        _ = try await source.end()
        try await isWhole(server, camera)
    }
}
