// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import GLib
internal import Media
internal import Transfer

extension Replenisher.Settings {
    /// Of a camera that is not recorded nothing is fetched either.
    init(_ camera: Configuration.RemoteCamera) {
        let extent: Extent =
            switch camera.replenish {
            case _ where !camera.record: .nothing
            case .nothing: .nothing
            case .sinceAdded: .sinceAdded
            case .all: .all
            }
        self.init(extent: extent, rate: camera.replenishRate.map { Double($0.bitsPerSecond) })
    }
}

extension CardOffer.Settings {
    /// The store takes it where its page is, with the same token as the video.
    init?(_ push: Configuration.Push) {
        let beside = Plan.CardPlace.server(beside: push.url)
        guard let server = push.web ?? beside else { return nil }
        self.init(server: server, tokenFile: push.tokenFile, fingerprint: push.fingerprint)
    }
}

extension Plan.CardPlace {
    /// What asks it; a camera that comes is asked through `exchange`.
    @MainLoop func card(of camera: String, _ exchange: CardExchange) -> (any Card)? {
        switch self {
        case .none: nil
        case .exchange: ExchangeCard(exchange, camera: camera)
        case .server(let server, let tokenFile, let fingerprint):
            HTTPCard(server: server, camera: camera, fingerprint: fingerprint) {
                try tokenFile.map { try Secret.read($0) }
            }
        }
    }
}
