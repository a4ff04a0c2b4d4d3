// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Glibc

/// An LED of the device (`/sys/class/leds`): steady while all is well, else frantic.
///
/// What it showed before comes back in the end.
@MainLoop final class StatusLED {
    enum Sign: Equatable {
        case well, alarm
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Ten times a second.
    private static let blink = Duration.milliseconds(50)

    private let folder: String
    private let runtime: RuntimeDirectory
    private let former: String
    private let hasTimer: Bool
    private var shown: Sign?
    private var blinking: Task<Void, Never>?

    /// - Throws: ``Failure`` if there is no such LED, or it may not be changed.
    init(_ name: String, below root: String = "/sys/class/leds", runtime: RuntimeDirectory) throws(Failure) {
        (folder, self.runtime) = ("\(root)/\(name)", runtime)
        guard access(folder, F_OK) == 0 else {
            let names = Self.names(in: root)
            throw Failure(
                description: "there is no LED '\(name)'; "
                    + (names.isEmpty ? "this machine has none" : "there are \(names.joined(separator: ", "))")
            )
        }
        let triggers = try Self.read("\(folder)/trigger").split { $0.isWhitespace }.map(String.init)
        hasTimer = triggers.contains { $0 == "timer" || $0 == "[timer]" }
        let present = triggers.first { $0.hasPrefix("[") }.map { String($0.dropFirst().dropLast()) } ?? "none"
        // After a crash it is our own that it shows.
        let noted = runtime.read(.led)?.split(separator: " ", maxSplits: 1).map(String.init)
        former = noted?.first == name ? noted?.last ?? present : present
        runtime.write(.led, "\(name) \(former)")
        try show(.well)
    }

    func show(_ sign: Sign) throws(Failure) {
        guard sign != shown else { return }
        shown = nil
        blinking?.cancel()
        blinking = nil
        switch sign {
        case .well:
            try write("none", to: "trigger")
            try setLit(true)
        case .alarm:
            // Both can be written from the beginning on; the timer's delays only once udev has seen them.
            try write(hasTimer ? "timer" : "none", to: "trigger")
            blinking = Task { await alarm() }
        }
        // Not before: what failed is tried again.
        shown = sign
    }

    /// Has the kernel blink, which goes on whatever becomes of this process; by hand where it does not.
    private func alarm() async {
        let milliseconds = String(Self.blink.components.attoseconds / 1_000_000_000_000_000)
        for _ in 0..<Self.attempts where hasTimer {
            do throws(Failure) {
                try write(milliseconds, to: "delay_on")
                try write(milliseconds, to: "delay_off")
                return
            } catch {
                do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
            }
        }
        do throws(Failure) { try write("none", to: "trigger") } catch { Log.warning("camera.led: \(error)") }
        await blink()
    }

    /// For a second.
    private static let attempts = 10

    /// Shows again what it showed before.
    func close() throws(Failure) {
        blinking?.cancel()
        try write(former, to: "trigger")
        runtime.remove(.led)
    }

    private func blink() async {
        var isLit = false
        while !Task.isCancelled {
            isLit.toggle()
            do {
                try setLit(isLit)
                try await Task.sleep(for: Self.blink)
            } catch { return }
        }
    }

    private func setLit(_ isLit: Bool) throws(Failure) {
        let most = try Self.read("\(folder)/max_brightness").filter { !$0.isWhitespace }
        try write(isLit ? most : "0", to: "brightness")
    }

    private func write(_ text: String, to attribute: String) throws(Failure) {
        let path = "\(folder)/\(attribute)"
        let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure("open", path) }
        defer { Glibc.close(file) }
        guard Glibc.write(file, text, text.utf8.count) == text.utf8.count else { throw Self.failure("write", path) }
    }

    private static func read(_ path: String) throws(Failure) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", path) }
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw failure("read", path) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func failure(_ operation: String, _ path: String) -> Failure {
        let hint = errno == EACCES ? "; let the user who runs martlet write it, with a udev rule" : ""
        return Failure(description: "cannot \(operation) \(path): \(String(cString: strerror(errno)))\(hint)")
    }

    private static func names(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
