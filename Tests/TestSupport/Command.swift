// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Synchronization

/// What came of a command.
package struct CommandResult: Sendable {
    package let output: String
    package let errors: String
    /// The exit status, or the signal's number as a negative one.
    package let status: Int32
}

/// Whether a command had to be killed.
private final class Deadline: Sendable {
    private let isPassed = Mutex(false)

    var hasPassed: Bool { isPassed.withLock { $0 } }

    func pass() { isPassed.withLock { $0 = true } }
}

/// A command could not be started, or was killed since it took too long.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Runs a command that is found on the `PATH`, with its arguments, and waits for its end.
///
/// - Throws: ``CommandFailure`` if it cannot be started, or if it had to be killed after `limit`.
@discardableResult
package func run(
    _ command: String...,
    environment: [String: String] = [:],
    limit: Duration = .seconds(60)
) async throws -> CommandResult {
    try await run(command, environment: environment, limit: limit)
}

/// The same for a list of words.
///
/// - Throws: as above.
@discardableResult
package func run(
    _ command: [String],
    environment: [String: String] = [:],
    limit: Duration = .seconds(60)
) async throws -> CommandResult {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    let errors = Pipe()
    (process.standardOutput, process.standardError) = (output, errors)
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    process.terminationHandler = { _ in end.finish() }
    do { try process.run() } catch {
        throw CommandFailure(description: "\(command.joined(separator: " ")) cannot be started: \(error)")
    }
    let deadline = Deadline()
    let identifier = process.processIdentifier
    let killer = Task {
        try await Task.sleep(for: limit)
        deadline.pass()
        kill(identifier, SIGKILL)
    }
    async let read = output.text()
    async let complained = errors.text()
    let (outputText, errorText) = await (read, complained)
    for await _ in ends {}
    killer.cancel()
    if deadline.hasPassed {
        throw CommandFailure(description: "\(command.joined(separator: " ")) did not end within \(limit): \(errorText)")
    }
    let isExit = process.terminationReason == .exit
    return CommandResult(
        output: outputText,
        errors: errorText,
        status: isExit ? process.terminationStatus : -process.terminationStatus
    )
}

extension Pipe {
    /// All that is written into it.
    ///
    /// Reads on a thread of its own: Swift's pool must not wait.
    fileprivate func text() async -> String {
        let handle = fileHandleForReading
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var text = ""
                do { text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self) } catch {
                    text = "\(error)"
                }
                continuation.resume(returning: text)
            }
        }
    }
}

/// Where the product and its sources are.
package enum Product {
    /// The repository's folder.
    package static let repository: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// A program that was built together with the tests, such as `martlet`.
    package static func program(_ name: String) throws -> String {
        let program = try file(name)
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw CommandFailure(description: "there is no program \(program)")
        }
        return program
    }

    /// The path of what was built together with the tests.
    package static func file(_ name: String) throws -> String {
        let running = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The tests are a bundle that lies beside the programs; what runs it may be a helper of the toolchain.
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? running
        var folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent(name).path
    }
}

/// The MD5 of every access unit of a film's video, in order, as ffmpeg tells them.
package func accessUnits(of film: String) async throws -> [String] {
    let listed = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", film, "-c", "copy", "-f", "framemd5", "-")
    return listed.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
        .compactMap { $0.split(separator: ",").last?.trimmingCharacters(in: .whitespaces) }
}
