// SPDX-License-Identifier: Apache-2.0

extension Subcommand {
    /// Everything that the command can do: parsed, explained and documented from here.
    static let all = [
        Subcommand(
            name: "camera",
            summary: "Run this device as a camera",
            discussion: """
                Captures, records and serves the camera that [camera] describes, until SIGTERM or SIGINT. Changes of the \
                configuration apply as they are saved, or on SIGHUP; one with a mistake changes nothing.
                """,
            options: [.config],
            run: { arguments, terminal in await Daemon.run(.camera, arguments, terminal) }
        ),
        Subcommand(
            name: "store",
            summary: "Run this machine as a store",
            discussion: """
                Receives, records and serves the cameras of [cameras.*], until SIGTERM or SIGINT. Changes of the \
                configuration apply as they are saved, or on SIGHUP; one with a mistake changes nothing.
                """,
            options: [.config],
            run: { arguments, terminal in await Daemon.run(.store, arguments, terminal) }
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
            name: "status",
            summary: "Say how the running camera and store are",
            discussion: """
                Asks the daemons that run with the configuration. Exits with 0 if all is well, with 1 if something is wrong \
                or only one of two runs, with 3 if none runs.
                """,
            options: [
                .config, .json,
                Option(name: "watch", value: nil, help: "show it anew each second; with --json a line each"),
            ],
            run: { arguments, terminal in await StatusCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "chunks list",
            summary: "List the chunks, and what is missing between them",
            operands: [Operand(name: "CAMERA", help: "only this camera's")],
            options: [.from, .to, .config, .directory, .json],
            run: { arguments, terminal in await ChunksListCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "chunks verify",
            summary: "Read every chunk against what the index says of it",
            discussion: """
                Compares sizes, frames and SHA-256. Exits with 1 if a chunk is not as it was written. Reads only: it may \
                run beside the daemon.
                """,
            operands: [Operand(name: "CAMERA", help: "only this camera's")],
            options: [.from, .to, .config, .directory, .json],
            run: { arguments, terminal in await ChunksVerifyCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "chunks repair",
            summary: "Make torn chunks whole, and bring files and index together",
            discussion: """
                What the daemon does when it starts. What was being written when the power went becomes a plain MP4 up to \
                its last complete fragment. Where it is interrupted it goes on when it is run again.
                """,
            options: [.config, .directory],
            run: { arguments, terminal in await ChunksRepairCommand.run(anew: false, arguments, terminal) }
        ),
        Subcommand(
            name: "chunks reindex",
            summary: "Make the index anew from the chunks alone",
            discussion: """
                The old index is kept beside the new one, and what it knows of protected chunks is taken over.
                """,
            options: [.config, .directory],
            run: { arguments, terminal in await ChunksRepairCommand.run(anew: true, arguments, terminal) }
        ),
        Subcommand(
            name: "chunks export",
            summary: "Write a span of a camera's footage into one MP4 file",
            discussion: """
                Begins with the keyframe at the span's beginning or before it and ends before the first keyframe at its \
                end or after it; nothing is encoded anew. What is missing in between is left out, and said.
                """,
            operands: [Operand(name: "CAMERA", help: "whose footage", isRequired: true)],
            options: [
                .from, .to, Option(name: "output", value: "FILE", help: "where it goes; must not be there yet"),
                .config,
                .directory,
            ],
            run: { arguments, terminal in await ChunksExportCommand.run(arguments, terminal) }
        ),
        Subcommand(
            name: "chunks protect",
            summary: "Keep chunks for ever, whatever the quota says",
            discussion: protectedCount,
            operands: [Operand(name: "CAMERA", help: "whose chunks, with --from and --to")],
            options: [.from, .to, .id, .config, .directory],
            run: { arguments, terminal in await ChunksChangeCommand.run(.protect, arguments, terminal) }
        ),
        Subcommand(
            name: "chunks release",
            summary: "Let protected chunks go again when their turn comes",
            operands: [Operand(name: "CAMERA", help: "whose chunks, with --from and --to")],
            options: [.from, .to, .id, .config, .directory],
            run: { arguments, terminal in await ChunksChangeCommand.run(.release, arguments, terminal) }
        ),
        Subcommand(
            name: "chunks remove",
            summary: "Delete chunks now, protected or not",
            operands: [Operand(name: "CAMERA", help: "whose chunks, with --from and --to")],
            options: [.from, .to, .id, .config, .directory],
            run: { arguments, terminal in await ChunksChangeCommand.run(.remove, arguments, terminal) }
        ),
        Subcommand(
            name: "user add",
            summary: "Let somebody log in",
            operands: [.user],
            options: [
                Option(name: "role", value: "ROLE", help: "viewer (the default), operator or admin"), .passwordFile,
                .config,
            ],
            run: { arguments, terminal in await UserCommand.add(arguments, terminal) }
        ),
        Subcommand(
            name: "user list",
            summary: "List those who may log in",
            options: [.config, .json],
            run: { arguments, terminal in await UserCommand.list(arguments, terminal) }
        ),
        Subcommand(
            name: "user password",
            summary: "Give somebody a new password",
            operands: [.user],
            options: [.passwordFile, .config],
            run: { arguments, terminal in await UserCommand.password(arguments, terminal) }
        ),
        Subcommand(
            name: "user role",
            summary: "Say what somebody may do",
            operands: [.user, Operand(name: "ROLE", help: "viewer, operator or admin", isRequired: true)],
            options: [.config],
            run: { arguments, terminal in await UserCommand.role(arguments, terminal) }
        ),
        Subcommand(
            name: "user remove",
            summary: "Let somebody log in no longer",
            discussion: "What goes on with that name ends within a second.",
            operands: [.user],
            options: [.config],
            run: { arguments, terminal in await UserCommand.remove(arguments, terminal) }
        ),
        Subcommand(
            name: "token issue",
            summary: "Make a token for a device, and print it, once",
            operands: [Operand(name: "CAMERA", help: "the one camera that it is for", isRequired: true)],
            options: [
                Option(name: "rights", value: "RIGHTS", help: "read (the default), publish or both"), .config,
            ],
            run: { arguments, terminal in await TokenCommand.issue(arguments, terminal) }
        ),
        Subcommand(
            name: "token list",
            summary: "List the tokens that there are",
            options: [.config, .json],
            run: { arguments, terminal in await TokenCommand.list(arguments, terminal) }
        ),
        Subcommand(
            name: "token revoke",
            summary: "Make a token worthless",
            discussion: "What goes on with it ends within a second.",
            operands: [Operand(name: "ID", help: "as 'token list' shows it", isRequired: true)],
            options: [.config],
            run: { arguments, terminal in await TokenCommand.revoke(arguments, terminal) }
        ),
        Subcommand(
            name: "fingerprint",
            summary: "Print this machine's certificate's fingerprint",
            discussion: """
                As 'fingerprint = …' takes it. The certificate is made if there is none yet; with --renew it is another one \
                from now on, with the names and addresses that this machine has now, and peers need the new fingerprint.
                """,
            options: [.config, Option(name: "renew", value: nil, help: "make a new certificate in any case")],
            run: { arguments, terminal in await TokenCommand.fingerprint(arguments, terminal) }
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

private let protectedCount = """
    Chunks that reach into the span are kept whole. They count in the quota: when only protected chunks are left, recording \
    stops.
    """

extension Subcommand.Operand {
    fileprivate static let user = Self(name: "NAME", help: "the name to log in with", isRequired: true)
}

extension Subcommand.Option {
    fileprivate static let passwordFile = Self(
        name: "password-file",
        value: "FILE",
        help: "the password is the file's first line; without it the terminal is asked"
    )
    fileprivate static let from = Self(
        name: "from",
        value: "TIME",
        help: "such as 10:20 (today), 2026-11-21, \"2026-11-21 10:20\", RFC 3339, or -15min"
    )
    fileprivate static let to = Self(name: "to", value: "TIME", help: "the same")
    fileprivate static let id = Self(
        name: "id",
        value: "NUMBER",
        help: "one chunk by its number, as 'chunks list --json' shows it"
    )
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
