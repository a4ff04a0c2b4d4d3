// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import Media
internal import Transfer

/// What a daemon is to run, as its configuration says: compared with what runs, part by part, so that only what changed
/// starts anew.
struct Plan: Equatable, Sendable {
    struct Camera: Equatable, Sendable {
        enum Source: Equatable, Sendable {
            case capture(Capture.Settings)
            case receiver(Receiver.Settings)
            /// The camera brings it.
            case ingest

            /// The pipeline description that it is made of.
            var pipeline: String {
                switch self {
                case .capture(let settings): settings.pipeline
                case .receiver: Receiver.pipeline
                case .ingest: Ingest.pipeline
                }
            }
        }

        let name: String
        let source: Source
        let recording: Recorder.Settings
        /// Where the camera brings its video, if it does.
        var publisher: Publisher.Settings?
        /// The camera's card, and what is fetched from it.
        var card = CardPlace.none
        /// Where this camera's card is offered to a store that cannot reach it.
        var offer: CardOffer.Settings?
        var replenishing = Replenisher.Settings(extent: .nothing)
    }

    /// How a camera's card is asked.
    enum CardPlace: Equatable, Sendable {
        /// It has none that could be.
        case none
        case server(String, tokenFile: String?, fingerprint: String?)
        /// The camera comes, as it does with its video.
        case exchange

        /// One of ours is asked where its video comes from, with the same token.
        init(_ camera: Configuration.RemoteCamera) {
            if camera.push {
                self = .exchange
                return
            }
            guard camera.tokenFile != nil || camera.web != nil, let server = camera.web ?? Self.server(of: camera)
            else {
                self = .none
                return
            }
            self = .server(server, tokenFile: camera.tokenFile, fingerprint: camera.fingerprint)
        }

        /// Over TLS: what is shown there is a token, of which plain RTSP shows a digest alone.
        private static func server(of camera: Configuration.RemoteCamera) -> String? {
            camera.url.flatMap { server(beside: $0) }
        }

        /// The page of the machine that a stream is of.
        static func server(beside url: String) -> String? {
            guard let address = try? ResourceAddress(parsing: url) else { return nil }
            return "https://\(address.host):8443"
        }
    }

    /// In the order of their names.
    let cameras: [Camera]
    // What cannot be had stays as it was.
    var store: ChunkStore.Settings
    var rtsp: ListenAddress
    /// Where RTSP comes encrypted; `nil` is nowhere.
    var secureRTSP: ListenAddress?
    /// Where the page and the API are served.
    let web: Configuration.Web
    /// How long somebody stays logged in.
    let sessionDuration: Duration
    /// A name under `/sys/class/leds`; empty for none.
    let led: String
    let allowsReboot: Bool
    /// Where finished chunks are brought to as files.
    let uploads: [Destination]
    /// Where files come in that are to become chunks; `nil` is nowhere.
    let intake: Intake.Settings?
    /// The pipeline descriptions that are used, by their names; `nil` for one that is not there.
    let descriptions: [String: PipelineDescription?]

    /// `nil` if the configuration has no table for the role.
    init?(_ configuration: Configuration, role: Configuration.Role, library: PipelineLibrary) {
        switch role {
        case .camera:
            guard let camera = configuration.camera else { return nil }
            self.init(camera, configuration, library)
        case .store:
            guard let store = configuration.store else { return nil }
            self.init(store, configuration, library)
        }
    }

    private init(_ camera: Configuration.Camera, _ configuration: Configuration, _ library: PipelineLibrary) {
        cameras = [
            Camera(
                name: camera.name.description,
                source: .capture(Capture.Settings(camera)),
                recording: Recorder.Settings(camera.recording),
                publisher: camera.push.map { Publisher.Settings($0, camera: camera.name) },
                offer: camera.push.flatMap(CardOffer.Settings.init)
            )
        ]
        store = ChunkStore.Settings(camera.recording)
        (rtsp, secureRTSP, web) = (camera.rtsp.listen, camera.rtsp.tlsListen, camera.web)
        (led, allowsReboot) = (camera.led, configuration.service.rebootOnStuckCamera)
        uploads = ([camera.upload].compactMap { $0 } + camera.uploads.map(\.upload)).compactMap { Destination($0) }
        intake = nil
        sessionDuration = configuration.access.sessionDuration
        descriptions = Self.descriptions(of: cameras, in: library)
    }

    private init(_ store: Configuration.Store, _ configuration: Configuration, _ library: PipelineLibrary) {
        cameras = configuration.cameras.map { camera in
            Camera(
                name: camera.name.description,
                source: Receiver.Settings(camera).map(Camera.Source.receiver) ?? .ingest,
                recording: Recorder.Settings(store.recording, isEnabled: camera.record),
                card: CardPlace(camera),
                replenishing: Replenisher.Settings(camera)
            )
        }
        self.store = ChunkStore.Settings(store.recording, cameras: configuration.cameras)
        (rtsp, secureRTSP, web) = (store.rtsp.listen, store.rtsp.tlsListen, store.web)
        (led, allowsReboot) = ("", configuration.service.rebootOnStuckCamera)
        (uploads, intake) = ([], store.incoming.map { Intake.Settings($0) })
        sessionDuration = configuration.access.sessionDuration
        descriptions = Self.descriptions(of: cameras, in: library)
    }

    private static func descriptions(
        of cameras: [Camera],
        in library: PipelineLibrary
    ) -> [String: PipelineDescription?] {
        let publishers = cameras.compactMap { $0.publisher.map { _ in Publisher.pipeline } }
        let names = Set(cameras.map(\.source.pipeline) + publishers + [Recorder.pipeline])
        // One that cannot be read is the fault of whoever runs it, and said there.
        let found = names.map { name in (name, try? library.description(name)) }
        return Dictionary(uniqueKeysWithValues: found)
    }

    /// Whether a pipeline is described otherwise than in another plan.
    func hasOther(_ pipeline: String, than plan: Plan) -> Bool {
        descriptions[pipeline] != plan.descriptions[pipeline]
    }
}
