// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Glibc

/// Where the command looks for the daemon of a role and a configuration.
enum ControlAddress {
    /// All places, the likeliest first: that of a daemon which was started by hand, then systemd's.
    ///
    /// Who answers at the latter says whose configuration it has.
    static func all(_ role: Configuration.Role, configuration: String) -> [String] {
        var places: [String] = []
        if let own = own(role, configuration: configuration) { places.append(own) }
        for folder in ["/run", userFolder].compactMap({ $0 }) {
            // That of `martlet-ROLE`, then those of `martlet-ROLE@NAME`.
            let units = names(in: folder).filter { $0 == "martlet-\(role)" || $0.hasPrefix("martlet-\(role)-") }
            places += units.sorted().map { "\(folder)/\($0)/\(role).sock" }
        }
        return places
    }

    private static func names(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names
    }

    /// Where a daemon listens that was started by hand; `nil` if there is no folder that is its user's alone.
    ///
    /// Its name has the configuration in it: a user may run several.
    static func own(_ role: Configuration.Role, configuration: String) -> String? {
        let name = "\(role)-\(hash(of: canonical(configuration))).sock"
        if let userFolder { return "\(userFolder)/martlet-\(name)" }
        mkdir(privateFolder, 0o700)
        var status = stat()
        guard lstat(privateFolder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0
        else { return nil }
        return "\(privateFolder)/\(name)"
    }

    /// Where a user without a login session has its sockets.
    static var privateFolder: String { "/tmp/martlet-\(getuid())" }

    /// A path without links and detours, so that one file has one.
    static func canonical(_ path: String) -> String {
        if let real = real(path) { return real }
        // The file may have been taken away behind its daemon.
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        return real(folder).map { "\($0 == "/" ? "" : $0)/\(name)" } ?? path
    }

    private static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static var userFolder: String? {
        guard let folder = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), access(folder, W_OK) == 0 else {
            return nil
        }
        return folder
    }

    /// FNV-1a, 64 bits: the same in every process.
    private static func hash(of text: String) -> String {
        let value = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(value, radix: 16)
    }
}
