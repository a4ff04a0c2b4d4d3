// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import GLib
internal import GStreamer
internal import Glibc

/// What this machine shows to those who connect encrypted, and what is put in its place while it runs.
@MainLoop final class CertificateWatch {
    private static let quiet = Duration.seconds(1)

    private let directory: String
    private var last: [Int] = []
    /// `nil` where there is no TLS.
    private(set) var current: TLSCertificate?
    /// Why the files as they are now are not used, in words for the user.
    private(set) var trouble: String?

    /// Makes the certificate if there is none yet.
    init(directory: String) {
        self.directory = directory
        last = changes
        do {
            _ = try AccessDirectory.certificate(in: directory)
            last = changes
            current = try read()
        } catch {
            trouble = "nothing is served encrypted: \(error)"
            Log.warning(trouble ?? "")
        }
    }

    /// Tells of each other certificate, until the task is cancelled.
    func follow(_ changed: @MainLoop (TLSCertificate) -> Void) async {
        let folder = FolderChanges(in: directory)
        while !Task.isCancelled {
            await folder.next()
            let now = changes
            guard now != last else { continue }
            // One file is put there after the other: looked at when both have been left alone.
            last = now
            do { try await MainLoop.sleep(for: Self.quiet) } catch { return }
            guard changes == now else { continue }
            do {
                let new = try read()
                trouble = nil
                guard new.fingerprint != current?.fingerprint else { continue }
                current = new
                changed(new)
                Log.notice("another certificate is shown from now on: \(new.fingerprint)")
            } catch {
                trouble =
                    current == nil
                    ? "nothing is served encrypted: \(error)" : "the former certificate goes on to be shown: \(error)"
                Log.error(trouble ?? "")
            }
        }
    }

    private func read() throws -> TLSCertificate {
        let files = Certificate.Files(in: directory)
        try Certificate.check(files)
        return try TLSCertificate(certificate: files.certificate, key: files.key)
    }

    /// When each of the files was changed last, in nanoseconds since 1970.
    private var changes: [Int] {
        let files = Certificate.Files(in: directory)
        return [files.certificate, files.key].map { path in
            var status = stat()
            return stat(path, &status) == 0 ? status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec : 0
        }
    }
}
