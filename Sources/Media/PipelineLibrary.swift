// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The folders that hold pipeline descriptions: the user's own first, then those that came with Martlet.
package struct PipelineLibrary: Sendable {
    /// Searched in order.
    package let folders: [String]
    /// Those among them that hold what the user wrote.
    private let users: [String]

    /// Those of `users` are searched first.
    package init(users: [String] = [], folders: [String]) { (self.users, self.folders) = (users, users + folders) }

    /// Whether the user has a description of this name: it is used whatever there is of ours.
    package func hasUsers(_ name: String) -> Bool { users.contains { access("\($0)/\(name).gst", F_OK) == 0 } }

    /// `/etc/martlet/pipelines`, then what was installed with the running program, or the source tree it was built in.
    package static func standard() -> PipelineLibrary {
        var folders: [String] = []
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        if length > 0 {
            var folder = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            for _ in 0..<6 {
                guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { break }
                folder = String(folder[..<slash])
                folders += ["\(folder)/share/martlet/pipelines", "\(folder)/pipelines"]
            }
        }
        return PipelineLibrary(users: ["/etc/martlet/pipelines"], folders: folders)
    }

    /// The description of a name such as `capture/libcamera`.
    package func description(_ name: String) throws(PipelineDescription.Mistake) -> PipelineDescription {
        for folder in folders {
            let file = "\(folder)/\(name).gst"
            guard access(file, F_OK) == 0 else { continue }
            guard let text = Self.read(file) else {
                let reason = String(cString: strerror(errno))
                throw .init(file: file, line: nil, column: nil, text: "cannot be read: \(reason)")
            }
            return PipelineDescription(file: file, text: text)
        }
        let group = String(name.prefix { $0 != "/" })
        let known = names(in: group).filter { $0 != name }
        throw .init(
            file: "\(name).gst",
            line: nil,
            column: nil,
            text: "there is no such pipeline, neither in \(folders[0]) nor among Martlet's own"
                + (known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))")
        )
    }

    /// The names of a group's descriptions, such as `capture/libcamera`, in order.
    package func names(in group: String) -> [String] {
        var names: Set<String> = []
        for folder in folders {
            guard let entries = opendir("\(folder)/\(group)") else { continue }
            while let entry = readdir(entries) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".gst") { names.insert("\(group)/\(name.dropLast(4))") }
            }
            closedir(entries)
        }
        return names.sorted()
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            text += chunk[..<count]
        }
    }
}
