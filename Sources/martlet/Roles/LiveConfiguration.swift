// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Glibc
internal import Media

/// A daemon's configuration, read again whenever its files change or SIGHUP comes.
///
/// It is taken as a whole or not at all: while there is a mistake in it, what was read before goes on.
@MainLoop final class LiveConfiguration {
    /// What the files are, beside what is in force.
    enum State: Equatable {
        /// In force.
        case current
        /// Not in force: there are mistakes.
        case rejected([Diagnostic])
        /// Not in force: a file cannot be read.
        case unreadable(String)
    }

    let path: String
    let role: Configuration.Role
    private let library: PipelineLibrary
    private(set) var state = State.current
    /// When what is in force was read.
    private(set) var since = UTCTime.now
    /// The files that are in force.
    private(set) var files: [String]
    private var inForce: Configuration?
    /// What has been said of them.
    private var warnings: [Diagnostic]
    /// By their folders.
    private var monitors: [String: FileMonitor] = [:]
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// Editors write in several steps: a file is read when nothing more has happened for so long.
    private static let quiet = Duration.milliseconds(200)
    /// What changes all the time is read at least so often.
    private static let patience = Duration.seconds(1)

    /// `loaded` is in force.
    init(path: String, _ loaded: Loaded, role: Configuration.Role, library: PipelineLibrary) {
        (self.path, self.role, self.library) = (path, role, library)
        (files, inForce, warnings) = (loaded.files, loaded.configuration, loaded.diagnostics)
        (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Reads the files; says what is wrong with them, if anything has changed about that.
    ///
    /// Returns `nil` if they cannot be in force.
    private func load() -> Configuration? {
        let loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: path).requiring(role) } catch {
            note(.unreadable("cannot read \(error.path): \(error.reason)"))
            return nil
        }
        guard let configuration = loaded.configuration else {
            note(.rejected(loaded.diagnostics))
            return nil
        }
        for warning in loaded.diagnostics where !warnings.contains(warning) { Log.warning(warning.description) }
        warnings = loaded.diagnostics
        files = loaded.files
        if configuration != inForce { (inForce, since) = (configuration, .now) }
        if state != .current { Log.notice("\(path) has no mistakes any more") }
        state = .current
        return configuration
    }

    private func note(_ new: State) {
        guard new != state else { return }
        state = new
        Log.error(sentence ?? "")
        guard case .rejected(let diagnostics) = new else { return }
        for diagnostic in diagnostics.prefix(Self.mostSaid) {
            Log.write(diagnostic.severity == .error ? .error : .warning, diagnostic.description)
        }
    }

    /// A file that is no configuration at all has as many mistakes as lines.
    private static let mostSaid = 10

    /// What is wrong with the files, for people; `nil` if nothing is.
    var sentence: String? {
        switch state {
        case .current: return nil
        case .unreadable(let reason): return "\(reason); the former configuration goes on"
        case .rejected(let diagnostics):
            let count = diagnostics.count { $0.severity == .error }
            return "\(path) has \(count) mistake\(count == 1 ? "" : "s"); the former configuration goes on"
        }
    }

    /// Each configuration that comes to be in force, until the task is cancelled.
    func follow(_ apply: @MainLoop (Configuration) async -> Void) async {
        watch()
        // What changed between the start and here, nobody has told.
        reload()
        for await _ in changes {
            await settle()
            watch()
            if let configuration = load() { await apply(configuration) }
        }
    }

    /// Has the files read again.
    func reload() { change.yield() }

    private func settle() async {
        let deadline = ContinuousClock.now + Self.patience
        var before: Int
        repeat {
            before = events
            do { try await Task.sleep(for: Self.quiet) } catch { return }
        } while events != before && .now < deadline
    }

    /// Folders whose changes cannot be noticed, which has been said.
    private var unwatchable: Set<String> = []

    /// Changes that were told of.
    private var events = 0

    /// Watches the folders of the files as they are now: a link may lead elsewhere than before.
    private func watch() {
        let folder = Self.folder(of: path)
        var folders = [folder, "\(folder)/config.d"]
        // The file may be a link to where it really lies.
        if let real = realpath(path, nil) {
            folders.append(Self.folder(of: String(cString: real)))
            free(real)
        }
        if let own = library.folders.first {
            folders += ["capture", "receive", "record", "serve", "transfer"].map { "\(own)/\($0)" }
        }
        monitors = monitors.filter { folders.contains($0.key) }
        for folder in Set(folders) where monitors[folder] == nil && !unwatchable.contains(folder) {
            do throws(MonitorError) {
                monitors[folder] = try FileMonitor(folder: folder) { [weak self] in
                    Task { @MainLoop in self?.notice() }
                }
            } catch {
                unwatchable.insert(folder)
                Log.warning("\(error); 'systemctl reload' (SIGHUP) has \(path) read again")
            }
        }
    }

    private func notice() {
        events += 1
        change.yield()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
