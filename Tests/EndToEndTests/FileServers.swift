// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A server that takes files, as Debian has it, in a process of its own on a port of its own: its sessions can be killed,
/// and it can be stopped and started again as another.
final class FileServer {
    enum Kind: String, CaseIterable {
        case sftp, scp, ftp
    }

    /// Whether such servers can be run here at all: they want to be root.
    static let arePossible =
        getuid() == 0 && ["/usr/sbin/sshd", "/usr/sbin/vsftpd"].allSatisfy(FileManager.default.isExecutableFile)

    static let reason: Comment = "sshd and vsftpd are run by root alone"

    let kind: Kind
    let port: Int
    /// Where files arrive.
    let folder: String
    /// What the camera's table says to come here.
    let table: String
    private let scratch: ScratchDirectory
    private var process: Martlet?

    init(_ kind: Kind, in scratch: ScratchDirectory) async throws {
        (self.kind, self.scratch, port) = (kind, scratch, try freePort())
        if kind == .ftp {
            // What it gives as its root is nobody's to write.
            folder = scratch("ftp/in")
            try scratch.makeFolder("ftp/in")
            try scratch.makeFolder("empty")
            try await TestSupport.run("chown", "ftp", folder)
            let text = """
                listen=YES
                listen_address=127.0.0.1
                listen_port=\(port)
                background=NO
                anonymous_enable=YES
                local_enable=NO
                write_enable=YES
                anon_upload_enable=YES
                anon_mkdir_write_enable=YES
                anon_other_write_enable=YES
                anon_umask=022
                anon_root=\(scratch("ftp"))
                ftp_username=ftp
                secure_chroot_dir=\(scratch("empty"))
                seccomp_sandbox=NO

                """
            try scratch.write("vsftpd.conf", text)
            table = "url = \"ftp://127.0.0.1:\(port)/in\""
        } else {
            folder = scratch("in")
            try scratch.makeFolder("in")
            for key in ["host", "other-host", "camera", "other-camera"] {
                try await TestSupport.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scratch(key))
            }
            try await TestSupport.run("mkdir", "-p", "/run/sshd")
            let fingerprint = try await Self.fingerprint(of: scratch("host.pub"))
            table = """
                url = "\(kind.rawValue)://root@127.0.0.1:\(port)\(folder)"
                key-file = "\(scratch("camera"))"
                host-key = "\(fingerprint)"
                """
            try admit("camera")
        }
        try await start()
    }

    /// As `ssh-keygen` prints it.
    static func fingerprint(of key: String) async throws -> String {
        let printed = try await TestSupport.run("ssh-keygen", "-lf", key).output
        return try #require(printed.split(separator: " ").dropFirst().first.map(String.init))
    }

    /// Lets in who has a key, and nobody else.
    func admit(_ key: String) throws {
        try scratch.write("authorized", String(contentsOfFile: scratch("\(key).pub"), encoding: .utf8))
    }

    func start(hostKey: String = "host") async throws {
        if kind == .ftp {
            process = try Self.keep(["/usr/sbin/vsftpd", scratch("vsftpd.conf")])
        } else {
            let text = """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(scratch(hostKey))
                AuthorizedKeysFile \(scratch("authorized"))
                PidFile none
                StrictModes no
                UsePAM no
                PermitRootLogin prohibit-password
                Subsystem sftp internal-sftp

                """
            try scratch.write("sshd_config", text)
            process = try Self.keep(["/usr/sbin/sshd", "-D", "-e", "-f", scratch("sshd_config")])
        }
        let port = port
        try await eventually {
            try await TestSupport.run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)").status == 0
        }
    }

    /// Behind another process: sshd closes all files that it is given, by which Foundation would take it for ended, and wait
    /// for its end where it waits for all others'.
    private static func keep(_ command: [String]) throws -> Martlet {
        try Martlet(running: ["timeout", "600", "setpriv", "--pdeathsig", "KILL"] + command)
    }

    func stop() async throws {
        try await killSessions()
        process?.send(SIGKILL)
        _ = try await process?.end()
        process = nil
    }

    /// Ends who serves connections in the middle of whatever they do.
    func killSessions() async throws {
        guard let process else { return }
        // The server, its sessions, and those that they have to help them.
        let sessions = "for s in $(pgrep -P \(process.identifier)); do for c in $(pgrep -P $s); do"
        try await TestSupport.run("sh", "-c", "\(sessions) pkill -KILL -P $c; kill -KILL $c; done; done; true")
    }

    /// The files that have arrived, and those that are arriving, by name, with their sizes.
    func files() throws -> [String: Int64] {
        var found: [String: Int64] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            var status = stat()
            guard lstat("\(folder)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            found[URL(fileURLWithPath: path).lastPathComponent] = Int64(status.st_size)
        }
        return found
    }

    /// The chunks that have arrived whole, by name.
    func chunks() throws -> [String] { try files().keys.filter { $0.hasSuffix(".mp4") }.sorted() }
}

extension TestCamera {
    /// Has the camera bring its chunks somewhere, as `[camera.upload]` says.
    func upload(_ table: String) throws {
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        let head = text.prefix(upTo: text.firstRange(of: "\n[camera.upload]")?.lowerBound ?? text.endIndex)
        try (head + "\n[camera.upload]\n" + table + "\n").write(
            toFile: configuration,
            atomically: true,
            encoding: .utf8
        )
    }
}
