// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[camera.rtsp]` and `[store.rtsp]`: where players and stores fetch live video.
    package struct RTSP: Equatable, Sendable {
        /// For `rtsp://`.
        package let listen: ListenAddress
        /// For `rtsps://`; `nil` is nowhere.
        package let tlsListen: ListenAddress?
    }

    /// `[camera.web]` and `[store.web]`: where browsers and scripts come in.
    package struct Web: Equatable, Sendable {
        /// For `http://`; `nil` is nowhere.
        package let listen: ListenAddress?
        /// For `https://`; `nil` is nowhere.
        package let tlsListen: ListenAddress?
        /// Whether `X-Forwarded-*` from loopback is believed.
        package let behindProxy: Bool
    }
}

extension Configuration.RTSP {
    init(reading table: TableReader) {
        listen = table.value("listen", .address, default: .port(8554), "Serves rtsp:// here.")
        tlsListen = table.value("tls-listen", .orNone(.address), default: .port(8322), "Serves rtsps:// here.")
    }
}

extension Configuration.Web {
    init(reading table: TableReader) {
        listen = table.value("listen", .orNone(.address), default: .port(8080), "Serves http:// here.")
        tlsListen = table.value("tls-listen", .orNone(.address), default: .port(8443), "Serves https:// here.")
        behindProxy = table.value("behind-proxy", .bool, default: false, "Believe X-Forwarded-* of loopback.")
    }
}
