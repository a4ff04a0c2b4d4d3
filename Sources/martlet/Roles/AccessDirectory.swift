// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Glibc

/// Where users, tokens and the certificate are kept: the same place for a daemon and for the command.
enum AccessDirectory {
    private static let system = "/var/lib/martlet"

    /// `[access] directory`, else systemd's state directory, else the user's own.
    static func path(_ access: Configuration.Access?) -> String {
        if let directory = access?.directory { return directory }
        if let state = variable("STATE_DIRECTORY") { return "\(state)/access" }
        // Where the service has its state the command means that.
        if Glibc.access(system, F_OK) == 0, Glibc.access(system, W_OK) == 0 { return "\(system)/access" }
        let state = variable("XDG_STATE_HOME") ?? "\(variable("HOME") ?? "/root")/.local/state"
        return "\(state)/martlet/access"
    }

    /// Opens it, and makes the folders above it.
    static func open(_ access: Configuration.Access?) throws(AccessFailure) -> AccessStore {
        let path = path(access)
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            mkdir(folder, 0o755)
        }
        return try AccessStore(directory: path)
    }

    /// The certificate of this machine, made if there is none, or if it is to be another.
    static func certificate(in directory: String, isNew: Bool = false) throws(AccessFailure) -> Certificate.Files {
        let files = Certificate.Files(in: directory)
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let names = [host, "\(host).local", "localhost"].filter { !$0.isEmpty && !$0.hasPrefix(".") }
        let addresses = ["127.0.0.1", "::1"] + addresses().filter { !$0.hasPrefix("127.") && $0 != "::1" }
        try Certificate.prepare(files, names: names, addresses: addresses, isNew: isNew)
        return files
    }

    /// Those that this machine has now, but for those of one link alone.
    private static func addresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        return sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap { entry in
            guard let address = entry?.pointee.ifa_addr else { return nil }
            let sizes = [AF_INET: MemoryLayout<sockaddr_in>.size, AF_INET6: MemoryLayout<sockaddr_in6>.size]
            guard let size = sizes[Int32(address.pointee.sa_family)] else { return nil }
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let result = getnameinfo(address, socklen_t(size), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return result == 0 && !text.contains("%") ? text : nil
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
