// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// How the machine is, as its kernel and its firmware say it; what they do not say is left out.
struct Health: Codable, Equatable, Sendable {
    struct Memory: Codable, Equatable, Sendable {
        /// In bytes.
        var total: Int64
        var available: Int64
    }

    /// Memory that the camera's and the codecs' drivers take their frames from.
    struct CMA: Codable, Equatable, Sendable {
        /// In bytes.
        var total: Int64
        var free: Int64
    }

    /// Something of which the firmware keeps whether it ever was.
    struct Alarm: Codable, Equatable, Sendable {
        var now: Bool
        var sinceBoot: Bool

        private enum CodingKeys: String, CodingKey {
            case now
            case sinceBoot = "since-boot"
        }
    }

    struct WiFi: Codable, Equatable, Sendable {
        var interface: String
        /// Strength in dBm.
        var signal: Double
    }

    struct Card: Codable, Equatable, Sendable {
        var device: String
        /// How much of its life the device itself says that it has behind it: 0.1 is a tenth, 1.1 more than all.
        var lifeUsed: Double

        private enum CodingKeys: String, CodingKey {
            case device
            case lifeUsed = "life-used"
        }
    }

    /// Since the machine's start, in seconds.
    var uptime: Double?
    /// Processes that want to run, over the last minute.
    var load: Double?
    var memory: Memory?
    var cma: CMA?
    /// Of the processor, in degrees Celsius.
    var temperature: Double?
    /// The processor is held back, for its heat or for its supply.
    var throttled: Alarm?
    /// The supply is below 4.63 V.
    var underVoltage: Alarm?
    var wifi: WiFi?
    var card: Card?

    private enum CodingKeys: String, CodingKey {
        case uptime, load, memory, cma, temperature, throttled
        case underVoltage = "under-voltage"
        case wifi, card
    }

    /// As it is now; `root` is where the kernel's files are.
    init(root: String = "") {
        uptime = Self.words(in: "\(root)/proc/uptime").first.flatMap(Double.init)
        load = Self.words(in: "\(root)/proc/loadavg").first.flatMap(Double.init)
        let sizes = Self.memory(root)
        if let total = sizes["MemTotal"], let available = sizes["MemAvailable"] {
            memory = Memory(total: total, available: available)
        }
        if let total = sizes["CmaTotal"], let free = sizes["CmaFree"], total > 0 { cma = CMA(total: total, free: free) }
        temperature = Self.temperature(root)
        // Raspberry Pi firmware: bits 0 and 16 are under-voltage, 1 and 17, 2 and 18, 3 and 19 ways of being held back
        // (raspberrypi.com, "vcgencmd get_throttled").
        if let text = Self.text(in: "\(root)/sys/devices/platform/soc/soc:firmware/get_throttled"),
            let bits = Int(text, radix: 16)
        {
            throttled = Alarm(now: bits & 0b1110 != 0, sinceBoot: bits & 0b1110 << 16 != 0)
            underVoltage = Alarm(now: bits & 1 != 0, sinceBoot: bits & 1 << 16 != 0)
        }
        wifi = Self.wifi(root)
        card = Self.card(root)
    }

    private static func temperature(_ root: String) -> Double? {
        for zone in names(in: "\(root)/sys/class/thermal") where zone.hasPrefix("thermal_zone") {
            let folder = "\(root)/sys/class/thermal/\(zone)"
            guard let type = text(in: "\(folder)/type"), type.contains("cpu") || type.contains("x86_pkg") else {
                continue
            }
            if let milli = text(in: "\(folder)/temp").flatMap(Double.init) { return milli / 1000 }
        }
        return nil
    }

    /// `/proc/net/wireless`: two lines of headers, then one an interface; its fourth column is the level.
    private static func wifi(_ root: String) -> WiFi? {
        let lines = content(of: "\(root)/proc/net/wireless")?.split(separator: "\n").dropFirst(2) ?? []
        for line in lines {
            let columns = line.split(separator: " ")
            guard columns.count > 3, let name = columns[0].split(separator: ":").first,
                let level = Double(columns[3].trimmingSuffix("."))
            else { continue }
            return WiFi(interface: String(name), signal: level)
        }
        return nil
    }

    /// An eMMC says it in tenths (JESD84-B51, EXT_CSD 268 and 269); SD cards do not.
    private static func card(_ root: String) -> Card? {
        for device in names(in: "\(root)/sys/block") where device.hasPrefix("mmcblk") {
            let tenths = words(in: "\(root)/sys/block/\(device)/device/life_time").compactMap { word in
                Int(word.hasPrefix("0x") ? word.dropFirst(2) : word[...], radix: 16)
            }
            if let most = tenths.max(), most > 0 { return Card(device: device, lifeUsed: Double(most) / 10) }
        }
        return nil
    }

    private static func memory(_ root: String) -> [String: Int64] {
        var sizes: [String: Int64] = [:]
        for line in content(of: "\(root)/proc/meminfo")?.split(separator: "\n") ?? [] {
            let columns = line.split(separator: " ")
            guard columns.count > 1, let name = columns[0].split(separator: ":").first, let number = Int64(columns[1])
            else { continue }
            sizes[String(name)] = number * 1024
        }
        return sizes
    }

    // MARK: The kernel's files

    private static func names(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names.sorted()
    }

    private static func content(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func words(in path: String) -> [String] {
        content(of: path)?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    }

    private static func text(in path: String) -> String? { words(in: path).first }
}

extension Substring {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring { hasSuffix(suffix) ? dropLast(suffix.count) : self }
}
