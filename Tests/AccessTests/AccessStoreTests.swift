// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Access

@Suite("Users and tokens", .timeLimit(.minutes(2)))
struct AccessStoreTests {
    private static let password = "correct horse battery"

    @Test("people come, change and go; another process sees it, and nothing of a password is in the files")
    func people() async throws {
        let scratch = try ScratchDirectory()
        let store = try AccessStore(directory: scratch("access"))
        let daemon = try AccessStore(directory: scratch("access"))
        let before = try await daemon.version()
        #expect(try await daemon.guests().isEmpty)
        try await store.add("anna", role: .viewer, password: Self.password, at: 7)
        try await store.setRole(.admin, of: "anna")
        #expect(try await daemon.users() == [User(name: "anna", role: .admin, created: 7)])
        #expect(try await daemon.version() != before)
        let guests = try await daemon.guests()
        #expect(guests.password(user: "anna", Self.password)?.name == "anna")
        #expect(guests.password(user: "anna", "correct horse batterx") == nil)
        #expect(guests.password(user: "otto", Self.password) == nil)
        try await store.setPassword("another horse battery", of: "anna")
        #expect(try await daemon.guests().password(user: "anna", Self.password) == nil)
        try await store.remove("anna")
        #expect(try await daemon.guests().isEmpty)
        for file in try FileManager.default.contentsOfDirectory(atPath: scratch("access")) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch("access/\(file)")))
            #expect(bytes.firstRange(of: Data("horse".utf8)) == nil, "\(file)")
            let mode = try FileManager.default.attributesOfItem(atPath: scratch("access/\(file)"))[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(file)")
        }
    }

    /// What is asked for, and what is said.
    @Test("what cannot be is said in words")
    func refusals() async throws {
        let scratch = try ScratchDirectory()
        let store = try AccessStore(directory: scratch("access"))
        func said(_ body: () async throws -> Void) async -> String {
            do {
                try await body()
                return ""
            } catch { return "\(error)" }
        }
        #expect(await said { try await store.remove("otto") } == "there is no user 'otto'; there is none yet")
        try await store.add("anna", role: .viewer, password: Self.password, at: 0)
        #expect(await said { try await store.setRole(.admin, of: "otto") } == "there is no user 'otto'; there are anna")
        let twice = await said { try await store.add("anna", role: .admin, password: Self.password, at: 0) }
        #expect(twice == "there is a user 'anna' already")
        let short = await said { try await store.add("otto", role: .viewer, password: "short", at: 0) }
        #expect(short == "a password has at least 10 characters")
        let name = await said { try await store.add("o/tto", role: .viewer, password: Self.password, at: 0) }
        #expect(name.hasPrefix("'o/tto' is no name"))
        #expect(await said { try await store.revoke("12345678") } == "there is no token '12345678'; there is none yet")
        #expect(try await store.users().map(\.role) == [.viewer])
    }

    @Test("a token is for one camera, for what it was issued, and until it is revoked")
    func tokens() async throws {
        let scratch = try ScratchDirectory()
        let store = try AccessStore(directory: scratch("access"))
        let reading = try await store.issue(for: "till", rights: .read, at: 1)
        let publishing = try await store.issue(for: "till", rights: .publish, at: 2)
        #expect(reading != publishing && reading.count == "martlet_".count + 64)
        let guests = try await store.guests()
        let reader = try #require(guests.password(user: "till", reading))
        #expect(reader.mayRead("till") && !reader.mayRead("door") && !reader.mayPublish("till"))
        let publisher = try #require(guests.password(user: "till", publishing))
        #expect(publisher.mayPublish("till") && !publisher.mayPublish("door") && !publisher.mayRead("till"))
        #expect(guests.password(user: "door", reading) == nil)
        let response = DigestSecret(user: "till", password: reading).response(method: "PLAY", uri: "/till", nonce: "n")
        #expect(guests.digest(user: "till", method: "PLAY", uri: "/till", nonce: "n", response: response) == reader)
        #expect(guests.digest(user: "till", method: "PLAY", uri: "/till", nonce: "m", response: response) == nil)
        let id = try #require(guests.token(reading)?.id)
        try await store.revoke(id)
        let later = try await store.guests()
        #expect(!later.contains(reader) && later.contains(publisher))
    }

    @Test("with another key beside it the database lets passwords in, and answers no Digest")
    func lostKey() async throws {
        let scratch = try ScratchDirectory()
        do {
            let store = try AccessStore(directory: scratch("access"))
            try await store.add("anna", role: .viewer, password: Self.password, at: 0)
        }
        try FileManager.default.removeItem(atPath: scratch("access/access.key"))
        let guests = try await AccessStore(directory: scratch("access")).guests()
        #expect(guests.password(user: "anna", Self.password) != nil)
        let response = DigestSecret(user: "anna", password: Self.password).response(
            method: "PLAY",
            uri: "/",
            nonce: "n"
        )
        #expect(guests.digest(user: "anna", method: "PLAY", uri: "/", nonce: "n", response: response) == nil)
    }

    @Test("a certificate is renewed when it is asked for, and one with another's key is refused")
    func renewal() throws {
        let scratch = try ScratchDirectory()
        let files = Certificate.Files(in: scratch.path)
        try Certificate.prepare(files, names: ["store"], addresses: [])
        try Certificate.check(files)
        let first = try Certificate.fingerprint(of: files.certificate)
        let certificate = try Data(contentsOf: URL(fileURLWithPath: files.certificate))
        try Certificate.prepare(files, names: ["store"], addresses: [], isNew: true)
        #expect(try Certificate.fingerprint(of: files.certificate) != first)
        try Certificate.check(files)
        try certificate.write(to: URL(fileURLWithPath: files.certificate))
        let failure = try thrown(AccessFailure.self) { () throws(AccessFailure) in try Certificate.check(files) }
        #expect(failure.description == "\(files.key) is not the key of \(files.certificate)")
    }

    @Test("many who start at once make one certificate between them")
    func startTogether() async throws {
        let scratch = try ScratchDirectory()
        let files = Certificate.Files(in: scratch.path)
        let fingerprints = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try Certificate.prepare(files, names: ["store"], addresses: [])
                    try Certificate.check(files)
                    return try Certificate.fingerprint(of: files.certificate)
                }
            }
            var found: Set<String> = []
            for try await fingerprint in group { found.insert(fingerprint) }
            return found
        }
        #expect(fingerprints.count == 1)
    }

    @Test("a password that is right gets a hash with the parameters of now, and nobody is shown out for it")
    func renewHash() async throws {
        let scratch = try ScratchDirectory()
        let store = try AccessStore(directory: scratch("access"))
        try await store.add("anna", role: .viewer, password: Self.password, at: 0)
        let weak = try PasswordHash(of: Self.password, .init(operations: 1, memory: 8 << 10))
        try await run("sqlite3", scratch("access/access.sqlite"), "UPDATE users SET hash = '\(weak.text)'")
        let guest = try #require(try await store.guests().password(user: "anna", Self.password))
        #expect(guest.isOutdated == "anna")
        try await store.renewHash(of: "anna", password: "another one")
        #expect(try await store.guests().password(user: "anna", Self.password)?.isOutdated == "anna")
        try await store.renewHash(of: "anna", password: Self.password)
        let guests = try await store.guests()
        #expect(guests.contains(guest))
        #expect(guests.password(user: "anna", Self.password)?.isOutdated == nil)
        #expect(guests.password(user: "anna", Self.password) != nil)
        try await store.setPassword("a new one entirely", of: "anna")
        #expect(try await store.guests().contains(guest) == false)
    }

    @Test("the certificate is one that others read, is made once, and its fingerprint is what openssl says")
    func certificate() async throws {
        let scratch = try ScratchDirectory()
        let files = Certificate.Files(in: scratch.path)
        try Certificate.prepare(files, names: ["store", "store.local"], addresses: ["127.0.0.1", "::1"])
        let fingerprint = try Certificate.fingerprint(of: files.certificate)
        try Certificate.prepare(files, names: ["other"], addresses: [])
        #expect(try Certificate.fingerprint(of: files.certificate) == fingerprint)
        let said = try await run(
            "openssl",
            "x509",
            "-in",
            files.certificate,
            "-noout",
            "-text",
            "-fingerprint",
            "-sha256"
        )
        #expect(said.status == 0, "\(said.errors)")
        for text in ["prime256v1", "DNS:store, DNS:store.local, IP Address:127.0.0.1", "CN=store", "CA:FALSE"] {
            #expect(said.output.replacing("CN = ", with: "CN=").contains(text), "\(text) in \(said.output)")
        }
        let digits = said.output.split(separator: "\n").last { $0.contains("Fingerprint=") }?.split(separator: "=").last
        #expect("sha256:" + (digits ?? "").replacing(":", with: "").lowercased() == fingerprint)
        let mode = try FileManager.default.attributesOfItem(atPath: files.key)[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }
}
