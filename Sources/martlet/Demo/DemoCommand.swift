// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Glibc

/// `martlet demo`: the whole product on one machine, each role in a process of its own, as it would be on two devices.
@MainLoop enum DemoCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        do throws(UsageError) {
            let cameras = try cameraCount(arguments)
            let length = try arguments["for"].map(duration)
            let layout = try DemoLayout(directory: arguments["directory"], cameras: cameras)
            return await run(layout, for: length, terminal)
        } catch {
            terminal.complain(error.description)
            return .wrongUse
        }
    }

    private nonisolated static func cameraCount(_ arguments: Arguments) throws(UsageError) -> Int {
        guard let text = arguments["cameras"] else { return 2 }
        guard let count = Int(text), (1...16).contains(count) else {
            throw UsageError("martlet demo: --cameras takes a number from 1 to 16, not '\(text)'")
        }
        return count
    }

    private nonisolated static func duration(_ text: String) throws(UsageError) -> Duration {
        do throws(InvalidValue) { return try Duration(parsing: text) } catch {
            throw UsageError("martlet demo: --for takes a time such as 60s or '5 min', not '\(text)'")
        }
    }

    private static func run(_ layout: DemoLayout, for length: Duration?, _ terminal: Terminal) async -> ExitStatus {
        let signals = UnixSignal.stream(of: [SIGTERM, SIGINT])
        let store = DemoProcess(role: "store", configuration: layout.storeConfiguration)
        let cameras = layout.cameras.map { DemoProcess(role: "camera", configuration: $0.configuration) }
        let processes = [store] + cameras
        let running = processes.map { process in Task { await process.run() } }
        terminal.print(layout.introduction(length: length))
        await waitForEnd(signals, after: length)
        // Cameras first: the store records what they still send.
        for process in cameras { process.stop() }
        for task in running.dropFirst() { await task.value }
        store.stop()
        await running[0].value
        withExtendedLifetime(signals) {}
        let failed = processes.first { !$0.hasRunWell }
        let (summary, hasFootage) = await layout.summary()
        terminal.print(summary)
        return failed == nil && hasFootage ? .done : .wrong
    }

    private static func waitForEnd(_ signals: AsyncStream<Int32>, after length: Duration?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            if let length {
                group.addTask {
                    // Cancelled when a signal came first.
                    do { try await Task.sleep(for: length) } catch { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
