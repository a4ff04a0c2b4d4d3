// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import martlet

@Suite("Health")
struct HealthTests {
    @Test("a Raspberry Pi's files are read as its kernel and firmware write them")
    func pi() throws {
        let scratch = try ScratchDirectory()
        let files = [
            "proc/uptime": "3600.25 14000.00\n", "proc/loadavg": "0.42 0.30 0.21 1/123 4567\n",
            "proc/meminfo": "MemTotal:         474112 kB\nMemAvailable:     301000 kB\nCmaTotal:  262144 kB\n"
                + "CmaFree:  180000 kB\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "48312\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50004\n",
            "proc/net/wireless": "Inter-| sta-|   Quality        |   Discarded packets\n"
                + " face | tus | link level noise |  nwid\n wlan0: 0000   54.  -56.  -256        0\n",
            "sys/block/mmcblk0/device/life_time": "0x01 0x03\n",
        ]
        for (path, text) in files { try scratch.write(path, text) }
        let health = Health(root: scratch.path)
        #expect(health.uptime == 3600.25 && health.load == 0.42 && health.temperature == 48.312)
        #expect(health.memory == Health.Memory(total: 485_490_688, available: 308_224_000))
        #expect(health.cma == Health.CMA(total: 268_435_456, free: 184_320_000))
        // 0x50004: held back now and before; the supply was too low before, and is not now.
        #expect(health.throttled == Health.Alarm(now: true, sinceBoot: true))
        #expect(health.underVoltage == Health.Alarm(now: false, sinceBoot: true))
        #expect(health.wifi == Health.WiFi(interface: "wlan0", signal: -56))
        #expect(health.card == Health.Card(device: "mmcblk0", lifeUsed: 0.3))
        #expect(health.troubles == [])
        try scratch.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
        #expect(Health(root: scratch.path).troubles.count == 1)
    }

    @Test("what the machine does not say is left out; this one says how long it runs")
    func unknown() throws {
        let nothing = try JSONEncoder().encode(Health(root: "/nowhere"))
        #expect(String(decoding: nothing, as: UTF8.self) == "{}")
        #expect((Health().uptime ?? 0) > 0 && (Health().memory?.total ?? 0) > 0)
    }
}
