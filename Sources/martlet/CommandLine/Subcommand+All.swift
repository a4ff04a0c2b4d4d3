// SPDX-License-Identifier: Apache-2.0

extension Subcommand {
    /// Everything that the command can do: parsed, explained and documented from here.
    static let all = [
        Subcommand(
            name: "camera",
            summary: "Run this device as a camera",
            discussion: "Captures, records and serves the camera that [camera] describes, until SIGTERM or SIGINT.",
            options: [.config],
            run: { arguments, terminal in await CameraRole.run(arguments, terminal) }
        ),
        Subcommand(
            name: "store",
            summary: "Run this machine as a store",
            discussion: "Receives, records and serves the cameras of [cameras.*], until SIGTERM or SIGINT.",
            options: [.config],
            run: { arguments, terminal in await StoreRole.run(arguments, terminal) }
        ),
        Subcommand(
            name: "demo",
            summary: "Run cameras with a test picture and a store, all on this machine",
            discussion: "Prints what to open. A camera that is killed is started again, as systemd would.",
            options: [
                Option(name: "for", value: "TIME", help: "end by itself after so long, such as 60s"),
                Option(name: "cameras", value: "NUMBER", help: "how many cameras: 1 to 16, by default 2"),
                Option(name: "directory", value: "DIR", help: "where the footage goes; by default a new one in /tmp"),
            ],
            run: { arguments, terminal in await DemoCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "check",
            summary: "Say everything that is wrong with the configuration",
            discussion: """
                Reads the file and its drop-ins, and parses every pipeline that they would run. Exits with 0 if there is \
                no mistake, with 1 if there is one, with 2 if a file cannot be read.
                """,
            options: [.config, .json],
            run: { arguments, terminal in CheckCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "chunks list",
            summary: "List the finished chunks",
            operands: [Operand(name: "CAMERA", help: "only this camera's")],
            options: [.config, .directory, .json],
            run: { arguments, terminal in await ChunksListCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "pipeline",
            summary: "Print a pipeline as gst-launch-1.0 would take it",
            discussion: """
                Without a name, lists the pipelines that there are and the files they come from. To try one by hand:
                martlet pipeline capture/test | xargs gst-launch-1.0
                """,
            operands: [Operand(name: "ROLE/NAME", help: "such as capture/libcamera")],
            options: [.config],
            run: { arguments, terminal in PipelineCommand.run(arguments, terminal) }
        ),
    ]
}

extension Subcommand.Option {
    fileprivate static let config = Self(
        name: "config",
        value: "FILE",
        help: "by default $MARTLET_CONFIG, else /etc/martlet/config.toml, else ./config.toml"
    )
    fileprivate static let json = Self(name: "json", value: nil, help: "print one JSON document")
    fileprivate static let directory = Self(
        name: "directory",
        value: "DIR",
        help: "a store's directory; by default those of the configuration"
    )
}
