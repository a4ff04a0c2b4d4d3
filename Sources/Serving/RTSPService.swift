// SPDX-License-Identifier: Apache-2.0
package import Access
package import Configuration
package import GLib
package import GStreamer
package import Media
internal import Synchronization

/// Serves feeds over RTSP: `rtsp://HOST:8554/<camera>`, as captured, to any number of players and stores.
@MainLoop package final class RTSPService {
    /// Why the service cannot start, in words for the user.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let servers: [RTSPServer]
    private let encrypted: RTSPAuthenticator?
    private let access: RTSPAccess
    private let library: PipelineLibrary
    private let feeds: Feeds
    package let address: ListenAddress
    /// Where it is served encrypted, if it is.
    package private(set) var secureAddress: ListenAddress?
    private let stores = StoreVisits()
    private let publishers = Publishers()
    /// Connections that are to be closed; ends what closes them.
    private let cut: AsyncStream<UInt>.Continuation

    /// Listens at once, at `secure` with TLS if that address can be had; cameras are added with ``serve(_:)``.
    package init(
        listen: ListenAddress,
        secure: (listen: ListenAddress, certificate: TLSCertificate)? = nil,
        access: RTSPAccess = RTSPAccess(),
        library: PipelineLibrary
    ) throws(Failure) {
        (self.library, address) = (library, listen)
        let feeds = Feeds()
        self.feeds = feeds
        self.access = access
        let (connections, cut) = AsyncStream.makeStream(of: UInt.self)
        self.cut = cut
        let decide = { @Sendable (login: RTSPLogin, isEncrypted: Bool) in
            let admission = access.decide(login, isEncrypted: isEncrypted)
            guard admission == .granted, login.method == "ANNOUNCE" else { return admission }
            let status = feeds.announce(login) { cut.yield(login.connection) }
            return status == .ok ? .granted : .rejected(status)
        }
        let plain = RTSPAuthenticator { decide($0, false) }
        let encrypted = secure.map { secure in
            RTSPAuthenticator(certificate: secure.certificate) { decide($0, true) }
        }
        var servers = [try Self.listen(listen, plain, feeds, access)]
        if let secure, let encrypted {
            // Two of ours on one machine have one default between them: the other goes on without.
            do throws(Failure) {
                servers.append(try Self.listen(secure.listen, encrypted, feeds, access))
                secureAddress = secure.listen
            } catch {
                Log.warning("nothing is served encrypted: \(error)")
            }
        }
        self.servers = servers
        self.encrypted = encrypted
        Task {
            for await connection in connections {
                for server in servers { server.close([connection]) }
            }
        }
    }

    private static func listen(
        _ address: ListenAddress,
        _ authenticator: RTSPAuthenticator,
        _ feeds: Feeds,
        _ access: RTSPAccess
    ) throws(Failure) -> RTSPServer {
        do throws(RTSPServer.ListenError) {
            return try RTSPServer(
                host: address.host,
                port: address.port,
                authenticator: authenticator,
                // A path that nothing is mounted at is 404, which the server says by itself.
                isAvailable: { request in feeds.at(request.path).map { $0.run?.codec != nil } ?? true },
                closed: { connection in
                    access.forget(connection)
                    feeds.leave(connection)
                }
            )
        } catch {
            throw Failure(description: "cannot serve RTSP on \(address): \(error)")
        }
    }

    /// Shows another certificate to those who connect from now on.
    package func use(_ certificate: TLSCertificate) { encrypted?.use(certificate) }

    /// Others may come in from now on; who may no longer be there is shown out.
    package func admit(_ guests: Guests) {
        let gone = access.update(guests)
        guard !gone.isEmpty else { return }
        for server in servers { server.close(gone) }
        Log.notice(
            "RTSP: \(gone.count) connection\(gone.count == 1 ? "" : "s") closed: those who had them may no longer"
        )
    }

    /// Serves a feed under its camera's name.
    ///
    /// With an `ingest` the feed is one that its camera fills, by pushing to the same path.
    package func serve(_ feed: Feed, from ingest: Ingest? = nil) {
        let path = "/\(feed.camera)"
        let viewers = Viewers(of: feed, library: library, stores: stores)
        let (feeds, publishers) = (feeds, publishers)
        let factory = RTSPMediaFactory(
            .init(
                makeBin: { request in
                    guard let announcement = request.announcement else { return viewers.makeBin() }
                    return feeds.ingest(at: path).flatMap { publishers.makeBin($0, of: feed.camera, announcement) }
                },
                started: { bin, request in
                    guard request.announcement != nil else { return viewers.add(bin, request) }
                    if let ingest = feeds.ingest(at: path) { publishers.add(bin, ingest, of: feed.camera, request) }
                },
                stopped: { bin in if !publishers.remove(bin) { viewers.remove(bin) } },
                clockAttribute: { feed.senderClock?.rawValue }
            )
        )
        feeds.add(feed, ingest, at: path)
        for server in servers { server.mount(factory, at: path) }
    }

    /// The camera is fetched from now on, or pushes.
    package func setIngest(_ ingest: Ingest?, of camera: String) { feeds.setIngest(ingest, at: "/\(camera)") }

    /// Serves a camera no longer.
    package func withdraw(_ camera: String) {
        let path = "/\(camera)"
        for server in servers { server.unmount(path) }
        feeds.remove(path)
    }

    /// Whether a store drinks from a feed, and when one did last; `nil` if none ever has.
    package func lastStore(of camera: String) -> ClockTime? { stores.last(of: camera) }

    /// Stops listening and lets go of all clients.
    package func close() {
        for server in servers { server.close() }
        cut.finish()
    }

    /// The pipeline description of each feed that is served.
    package nonisolated static let pipeline = "serve/rtsp"

    /// What the placeholders of a serve description stand for.
    package nonisolated static func values(codec: VideoCodec) -> [String: String] { ["codec": codec.rawValue] }
}

/// When stores have drunk from each camera.
private final class StoreVisits: Sendable {
    private struct Visits {
        var present = 0
        var last = ClockTime.now
    }

    private let visits = Mutex<[String: Visits]>([:])

    func came(to camera: String) { visits.withLock { $0[camera, default: Visits()].present += 1 } }

    func left(_ camera: String) {
        visits.withLock { visits in
            visits[camera]?.present -= 1
            visits[camera]?.last = .now
        }
    }

    func last(of camera: String) -> ClockTime? {
        visits.withLock { $0[camera].map { $0.present > 0 ? .now : $0.last } }
    }
}

/// The feeds that are served, by their paths.
private final class Feeds: Sendable {
    private struct Served {
        let feed: Feed
        /// Who fills the feed by pushing; `nil` if nobody is to.
        var ingest: Ingest?
    }

    private let served = Mutex<[String: Served]>([:])

    func add(_ feed: Feed, _ ingest: Ingest?, at path: String) {
        served.withLock { $0[path] = Served(feed: feed, ingest: ingest) }
    }

    func setIngest(_ ingest: Ingest?, at path: String) { served.withLock { $0[path]?.ingest = ingest } }

    func remove(_ path: String) { served.withLock { $0[path] = nil } }

    func at(_ path: String) -> Feed? { served.withLock { $0[path]?.feed } }

    func ingest(at path: String) -> Ingest? { served.withLock { $0[path]?.ingest } }

    /// Whether somebody who may push to a path can do so now.
    func announce(_ login: RTSPLogin, cut: @escaping @Sendable () -> Void) -> RTSPStatus {
        guard let found = served.withLock({ $0[login.path] }) else { return .notFound }
        guard let ingest = found.ingest else {
            return refuse(
                login,
                found.feed.camera,
                .methodNotAllowed,
                "this camera does not push: see 'push' in its table"
            )
        }
        guard let announcement = login.announcement else {
            return refuse(login, found.feed.camera, .badRequest, "its session description cannot be read")
        }
        let status = ingest.announce(announcement, from: login.connection, cut: cut)
        switch status {
        case .ok: return status
        case .notValidInThisState:
            return refuse(login, found.feed.camera, status, "another connection brings the video")
        case .unsupportedMediaType: return refuse(login, found.feed.camera, status, "it brings no H.264 or H.265 video")
        default: return refuse(login, found.feed.camera, status, "it may come back at once")
        }
    }

    private func refuse(_ login: RTSPLogin, _ camera: String, _ status: RTSPStatus, _ reason: String) -> RTSPStatus {
        Log.warning("a push from \(login.address) is refused (\(status.number)): \(reason)", camera: camera)
        return status
    }

    /// A connection has ended.
    func leave(_ connection: UInt) {
        let ingests = served.withLock { $0.values.compactMap(\.ingest) }
        for ingest in ingests { ingest.leave(connection) }
    }
}

/// The RTSP clients of one feed.
///
/// Called on the server's threads.
private final class Viewers: Sendable {
    private let feed: Feed
    private let library: PipelineLibrary
    private let stores: StoreVisits
    private let subscriptions = Mutex<[ObjectIdentifier: Viewer]>([:])

    private struct Viewer {
        let subscription: Feed.Subscription?
        let isStore: Bool
    }

    /// What a client may leave unread before it loses frames up to the next keyframe: eight seconds of 4 Mbit/s.
    private static let queueLimit = 4 << 20

    init(of feed: Feed, library: PipelineLibrary, stores: StoreVisits) {
        (self.feed, self.library, self.stores) = (feed, library, stores)
    }

    /// A payloader for the feed's format; `nil` if nothing flows any more since the client was let in.
    func makeBin() -> Bin? {
        guard let codec = feed.run?.codec else { return nil }
        do {
            let description = try library.description(RTSPService.pipeline)
            let bin = try description.makeBin(with: RTSPService.values(codec: codec))
            guard bin.appSource(named: "feed") != nil else { throw description.missing("appsrc name=feed") }
            return bin
        } catch {
            Log.error("cannot serve RTSP: \(error)", camera: feed.camera)
            return nil
        }
    }

    func add(_ bin: Bin, _ request: RTSPRequest) {
        guard let source = bin.appSource(named: "feed") else { return }
        // A store wants true times and no burst: its jitter buffer would take a replayed picture for a clock that
        // jumped. A player wants a picture at once.
        let isStore = request.userAgent.hasPrefix("Martlet")
        let subscription = feed.subscribe(
            source,
            as: .viewer,
            from: isStore ? .nextKeyframe : .pictureAtOnce,
            limit: Self.queueLimit
        )
        subscriptions.withLock { $0[ObjectIdentifier(bin)] = Viewer(subscription: subscription, isStore: isStore) }
        if isStore { stores.came(to: feed.camera) }
        Log.info(
            "RTSP client joins (\(request.userAgent.isEmpty ? "unnamed" : RTSPAccess.shown(request.userAgent)))",
            camera: feed.camera
        )
    }

    func remove(_ bin: Bin) {
        guard let viewer = subscriptions.withLock({ $0.removeValue(forKey: ObjectIdentifier(bin)) }) else { return }
        if viewer.isStore { stores.left(feed.camera) }
        if let subscription = viewer.subscription { feed.unsubscribe(subscription) }
        Log.info("RTSP client left", camera: feed.camera)
    }
}
