// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A small disk of its own, with a real file system, that can be taken away and brought back.
final class Mount {
    let path: String
    private let image: String
    private var device = ""

    /// Whether disks can be mounted here at all.
    static let isPossible: Bool = {
        guard getuid() == 0 else { return false }
        let point = NSTemporaryDirectory() + "/martlet-mount-\(UUID().uuidString)"
        return shell(
            "mkdir -p \(point) && mount -t tmpfs tmpfs \(point) && umount \(point); s=$?; rmdir \(point); exit $s"
        )
            && shell("losetup -f")
    }()

    static let reason: Comment = "disks can be mounted by root alone, and with loop devices"

    /// An ext4 of so many megabytes, mounted in a folder.
    init(megabytes: Int, in scratch: ScratchDirectory, below folder: String = "/mnt") throws {
        path = "\(folder)/martlet-test-\(UUID().uuidString)"
        image = scratch("disk.img")
        guard Self.shell("truncate -s \(megabytes)M \(image) && mkfs.ext4 -q -m 0 \(image) && mkdir -p \(path)") else {
            throw CommandFailure(description: "no disk can be made in \(image)")
        }
        device = try Self.output("losetup -f --show \(image)")
        try mount()
    }

    deinit {
        _ = Self.shell("umount -l \(path); losetup -d \(device); rmdir \(path)")
    }

    func mount() throws {
        guard Self.shell("mount \(device) \(path)") else {
            throw CommandFailure(description: "\(device) cannot be mounted at \(path)")
        }
    }

    /// As if it were pulled out: who has files open there keeps them, and nobody finds it any more.
    func takeAway() throws {
        guard Self.shell("umount -l \(path)") else { throw CommandFailure(description: "\(path) is still mounted") }
    }

    private static func shell(_ command: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "exec >/dev/null 2>&1; \(command)"]
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private static func output(_ command: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = pipe
        try process.run()
        process.waitUntilExit()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            .trimmingCharacters(in: .newlines)
    }
}
