// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Each target imports only targets that stand above it.
let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        // Not for users: tests preload the one into programs and have GStreamer load the other; nothing is linked with them.
        .library(name: "FaultLayer", type: .dynamic, targets: ["FaultLayer"]),
        .library(name: "CallCounter", type: .dynamic, targets: ["CallCounter"]),
        .library(name: "FaultyElement", type: .dynamic, targets: ["FaultyElement"]),
    ],
    targets: [
        // C libraries: headers only, each imported by the one target that wraps it.
        .systemLibrary(
            name: "CGStreamer",
            pkgConfig:
                "gstreamer-rtsp-server-1.0 gstreamer-rtsp-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-base-1.0 gstreamer-1.0 gstreamer-webrtc-1.0 libsoup-3.0 gio-unix-2.0",
            providers: [
                .apt([
                    "libgstrtspserver-1.0-dev", "libgstreamer-plugins-base1.0-dev", "libgstreamer-plugins-bad1.0-dev",
                    "libsoup-3.0-dev",
                ])
            ]
        ),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CCurl",
            pkgConfig: "libcurl openssl",
            providers: [.apt(["libcurl4-openssl-dev", "libssl-dev"])]
        ),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CTOML",
            cxxSettings: [.define("TOML_EXCEPTIONS", to: "0"), .define("TOML_HEADER_ONLY", to: "1")]
        ),

        // The only code that touches pointers.
        .target(name: "GLib", dependencies: ["CGStreamer"], swiftSettings: settings),
        .target(name: "GStreamer", dependencies: ["CGStreamer", "GLib"], swiftSettings: settings),
        .target(name: "HTTP", dependencies: ["CGStreamer", "GLib", "GStreamer"], swiftSettings: settings),

        // Plain Swift: what is configured, what lies on disk.
        .target(name: "Configuration", dependencies: ["CTOML"], swiftSettings: settings),
        .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: settings),
        .target(name: "Access", dependencies: ["CCrypto", "CSodium", "SQLite"], swiftSettings: settings),
        .target(name: "ISOBaseMedia", swiftSettings: settings),
        .target(name: "RTP", swiftSettings: settings),
        .target(
            name: "Footage",
            dependencies: ["CCrypto", "CLinux", "CZlib", "ISOBaseMedia", "SQLite"],
            swiftSettings: settings
        ),

        // What runs.
        .target(
            name: "Media",
            dependencies: ["CLinux", "Configuration", "Footage", "GLib", "GStreamer", "ISOBaseMedia", "RTP"],
            swiftSettings: settings
        ),
        .target(
            name: "Serving",
            dependencies: ["Access", "Configuration", "GLib", "GStreamer", "Media"],
            swiftSettings: settings
        ),
        .target(
            name: "Web",
            dependencies: [
                "Access", "CCrypto", "CZlib", "Configuration", "Footage", "GLib", "GStreamer", "HTTP", "ISOBaseMedia",
                "Media",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Transfer",
            dependencies: [
                "CCurl", "Configuration", "Footage", "GLib", "GStreamer", "HTTP", "ISOBaseMedia", "Media", "SQLite",
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Access", "CLinux", "Configuration", "CSystemd", "Footage", "GLib", "GStreamer", "HTTP", "Media",
                "Serving", "Transfer", "Web",
            ],
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CGStreamer", "Footage", "GLib", "GStreamer", "ISOBaseMedia"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        // Disks that fail, and a journal of what a program does to them: preloaded into it.
        .target(name: "FaultLayer", path: "Tests/FaultLayer"),
        // What a program asks of its allocator and of the kernel, counted: preloaded into it.
        .target(name: "CallCounter", path: "Tests/CallCounter"),
        // A GStreamer element that fails as drivers and encoders do.
        .target(name: "FaultyElement", dependencies: ["CGStreamer"], path: "Tests/FaultyElement"),
        // A process of its own for what a test cannot do in its own: run under strace, end GStreamer, count what is left.
        .executableTarget(
            name: "TestProbe",
            dependencies: ["CGStreamer", "Footage", "GLib", "GStreamer", "Media", "TestSupport"],
            path: "Tests/TestProbe",
            swiftSettings: settings
        ),
        .testTarget(name: "GLibTests", dependencies: ["CGStreamer", "GLib", "TestProbe", "TestSupport"]),
        .testTarget(
            name: "GStreamerTests",
            dependencies: ["CGStreamer", "GLib", "GStreamer", "TestProbe", "TestSupport"]
        ),
        .testTarget(name: "AccessTests", dependencies: ["Access", "TestSupport"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
        .testTarget(name: "ISOBaseMediaTests", dependencies: ["ISOBaseMedia", "TestSupport"]),
        .testTarget(name: "RTPTests", dependencies: ["GStreamer", "RTP", "TestSupport"]),
        .testTarget(name: "FootageTests", dependencies: ["Footage", "ISOBaseMedia", "TestProbe", "TestSupport"]),
        .testTarget(
            name: "MediaTests",
            dependencies: [
                "Configuration", "Footage", "GLib", "GStreamer", "Media", "Serving", "TestProbe", "TestSupport",
            ]
        ),
        .testTarget(name: "ServingTests", dependencies: ["Access", "GStreamer", "Serving", "TestSupport"]),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Access", "Configuration", "Footage", "GLib", "GStreamer", "HTTP", "ISOBaseMedia", "Media",
                "TestSupport",
                "Web",
            ]
        ),
        .testTarget(
            name: "TransferTests",
            dependencies: [
                "Configuration", "Footage", "GLib", "GStreamer", "ISOBaseMedia", "Media", "TestSupport", "Transfer",
            ]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: ["martlet", "Configuration", "GStreamer", "Media", "TestSupport"]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["CallCounter", "Footage", "ISOBaseMedia", "martlet", "TestProbe", "TestSupport"]
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
