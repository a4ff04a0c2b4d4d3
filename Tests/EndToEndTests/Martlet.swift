// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The command as users run it, in a process of its own, its output read line by line.
final class Martlet: @unchecked Sendable {  // `lines` is behind the lock; Process is used from the test alone.
    static var path: String {
        get throws { try Product.program("martlet") }
    }

    private let process = Process()
    private let lock = NSLock()
    private var lines: [String] = []
    private var partial = Data()
    private var hasEnded = false

    convenience init(_ arguments: String...) throws { try self.init(running: [try Self.path] + arguments) }

    /// Another program, found on the `PATH`, that is watched in the same way.
    init(running command: [String], environment: [String: String] = [:]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.take(data)
        }
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Whether all that it said has been read.
    var isSilent: Bool { lock.withLock { hasEnded } }

    private func take(_ data: Data) {
        lock.withLock {
            if data.isEmpty { hasEnded = true }
            partial.append(data)
            while let end = partial.firstIndex(of: 10) {
                lines.append(String(decoding: partial[..<end], as: UTF8.self))
                partial = Data(partial[(end + 1)...])
            }
        }
    }

    var identifier: Int32 { process.processIdentifier }

    var output: [String] { lock.withLock { lines } }

    func count(of text: String, and more: String = "") -> Int {
        output.count { $0.contains(text) && (more.isEmpty || $0.contains(more)) }
    }

    /// Waits until a line with `text`, and with `more`, has been written `times` times.
    func expect(
        _ text: String,
        and more: String = "",
        times: Int = 1,
        within limit: Duration = .seconds(30)
    ) async throws {
        try await eventually(within: limit) { self.count(of: text, and: more) >= times }
        let isMet = count(of: text, and: more) >= times
        try #require(isMet, "no line with '\(text)' and '\(more)' (\(times) times):\n\(output.joined(separator: "\n"))")
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end and returns the exit status; the signal's number, negative, if one ended it.
    func end(within limit: Duration = .seconds(15)) async throws -> Int32 {
        try await eventually(within: limit) { !self.process.isRunning }
        try #require(!process.isRunning, "still running after \(limit):\n\(output.joined(separator: "\n"))")
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
