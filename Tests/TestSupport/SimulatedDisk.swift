// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A disk that a journal's operations are applied to, one after another: it knows what programs see, and what may be there
/// after a power cut.
///
/// The promise of Linux file systems is taken at its word and no further: a file's bytes are safe by a sync of that file, a
/// name by a sync of its folder, each only if it was begun after the change. Of everything else any part may have
/// reached the disk in any order: all, nothing, the first so many changes, or a random choice of pages, of sectors, of
/// names. Only a rename is one step, and a sector of 512 bytes is written whole.
package struct SimulatedDisk {
    fileprivate final class Node {
        enum Change {
            case write(Int, [UInt8])
            case resize(Int)
            case add(String, Node)
            case remove(String)
            case rename(String, String, Node)
        }

        let isFolder: Bool
        /// What is safe.
        var content = Content()
        /// What programs see.
        var present = Content()
        /// What lies between, in order.
        var pending: [Change] = []
        /// How many changes there were before those.
        var settled = 0

        init(isFolder: Bool) { self.isFolder = isFolder }

        func change(_ change: Change) {
            present.apply(change)
            pending.append(change)
        }

        func settle(upTo count: Int) {
            let new = max(0, count - settled)
            for change in pending.prefix(new) { content.apply(change) }
            pending.removeFirst(new)
            settled += new
        }
    }

    /// Of a file its bytes, of a folder its names.
    fileprivate struct Content {
        var bytes: [UInt8] = []
        var names: [String: Node] = [:]

        mutating func apply(_ change: Node.Change) {
            switch change {
            case .write(let offset, let new):
                if bytes.count < offset + new.count { resize(offset + new.count) }
                bytes.replaceSubrange(offset..<offset + new.count, with: new)
            case .resize(let size): resize(size)
            case .add(let name, let node): names[name] = node
            case .remove(let name): names[name] = nil
            case .rename(let from, let to, let node): (names[from], names[to]) = (nil, node)
            }
        }

        private mutating func resize(_ size: Int) {
            if size < bytes.count { bytes.removeLast(bytes.count - size) }
            if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
        }
    }

    /// What is below a folder.
    package indirect enum Tree: Equatable, Sendable {
        case file([UInt8])
        case folder([String: Tree])
    }

    private let root = Node(isFolder: true)
    private var nodes: [UInt64: Node] = [:]
    private var syncs: [Int: (node: Node, count: Int)] = [:]
    /// Whether a sync is believed; for tests of the tests.
    private let believes: (DiskJournal.Entry) -> Bool

    /// An empty disk.
    ///
    /// A sync whose end `believes` does not accept is as if it had never been asked for.
    package init(believes: @escaping (DiskJournal.Entry) -> Bool = { _ in true }) { self.believes = believes }

    /// A disk with what lies below a path, all of it safe.
    package init(copying path: String) throws {
        self.init()
        try adopt(path, root)
    }

    private mutating func adopt(_ path: String, _ node: Node) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            let child = Node(isFolder: attributes[.type] as? FileAttributeType == .typeDirectory)
            if child.isFolder {
                try adopt("\(path)/\(name)", child)
            } else {
                child.content.bytes = try TestSupport.bytes(of: "\(path)/\(name)")
                child.present = child.content
            }
            node.content.names[name] = child
            node.present.names[name] = child
            nodes[(attributes[.systemFileNumber] as? UInt64) ?? 0] = child
        }
    }

    // MARK: Going on

    /// Does what a program did.
    package mutating func apply(_ entry: DiskJournal.Entry) {
        switch entry.kind {
        case .create, .mkdir:
            let node = Node(isFolder: entry.kind == .mkdir)
            nodes[entry.node] = node
            let (folder, name) = place(entry.path)
            folder?.change(.add(name, node))
        case .write: nodes[entry.node]?.change(.write(entry.offset, entry.data))
        case .truncate: nodes[entry.node]?.change(.resize(entry.offset))
        case .unlink, .rmdir:
            let (folder, name) = place(entry.path)
            folder?.change(.remove(name))
        case .rename, .link:
            let (from, old) = place(entry.path)
            let (to, new) = place(entry.other)
            guard let from, let to, let node = from.present.names[old] else { return }
            if entry.kind == .rename, from === to {
                from.change(.rename(old, new, node))
            } else {
                to.change(.add(new, node))
                if entry.kind == .rename { from.change(.remove(old)) }
            }
        case .syncBegin:
            guard let node = entry.path.isEmpty ? root : nodes[entry.node] else { return }
            syncs[entry.offset] = (node, node.settled + node.pending.count)
        case .syncEnd:
            guard let sync = syncs.removeValue(forKey: entry.offset), believes(entry) else { return }
            sync.node.settle(upTo: sync.count)
        case .said: break
        }
    }

    private func place(_ path: String) -> (folder: Node?, name: String) {
        let parts = path.split(separator: "/").map(String.init)
        var folder: Node? = root
        for part in parts.dropLast() { folder = folder?.present.names[part] }
        return (folder, parts.last ?? "")
    }

    // MARK: Looking

    /// The bytes of a file as programs see it.
    package func bytes(at path: String) -> [UInt8]? {
        let (folder, name) = place(path)
        return folder?.present.names[name]?.present.bytes
    }

    /// What programs see.
    package var present: Tree { Self.present(root) }

    private static func present(_ node: Node) -> Tree {
        node.isFolder ? .folder(node.present.names.mapValues { present($0) }) : .file(node.present.bytes)
    }

    /// What is there when the power comes back.
    package func afterPowerCut(using random: inout SeededRandom) -> Tree { Self.tree(root, using: &random) }

    private static func tree(_ node: Node, using random: inout SeededRandom) -> Tree {
        guard node.isFolder else { return .file(survivingBytes(of: node, using: &random)) }
        var content = node.content
        let chosen = Int.random(in: 0...node.pending.count, using: &random)
        let isOrdered = Bool.random(using: &random)
        for (index, change) in node.pending.enumerated() {
            if isOrdered ? index < chosen : Bool.random(using: &random) { content.apply(change) }
        }
        // In a fixed order, so that a seed makes the same disk again.
        var children: [String: Tree] = [:]
        for (name, child) in content.names.sorted(by: { $0.key < $1.key }) {
            children[name] = tree(child, using: &random)
        }
        return .folder(children)
    }

    private static func survivingBytes(of node: Node, using random: inout SeededRandom) -> [UInt8] {
        guard !node.pending.isEmpty else { return node.content.bytes }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return node.content.bytes
        case 1: return node.present.bytes
        case 2: return prefix(of: node, using: &random)
        case 3: return pages(of: node, size: 512, using: &random)
        default: return pages(of: node, size: 4096, using: &random)
        }
    }

    /// The first so many changes, the last of them perhaps in part.
    private static func prefix(of node: Node, using random: inout SeededRandom) -> [UInt8] {
        var content = node.content
        let count = Int.random(in: 0...node.pending.count, using: &random)
        for change in node.pending.prefix(count) { content.apply(change) }
        if count < node.pending.count, case .write(let offset, let bytes) = node.pending[count] {
            // Whole sectors: where a disk stops writing, no sector is half written.
            let end = (offset + Int.random(in: 0...bytes.count, using: &random)) / 512 * 512
            if end > offset { content.apply(.write(offset, Array(bytes.prefix(end - offset)))) }
        }
        return content.bytes
    }

    /// Each page as it was after some of the changes, and the size as it was after some.
    ///
    /// A file that was made shorter is so at once and wholly: what was cut off never comes back behind newer bytes.
    private static func pages(of node: Node, size pageSize: Int, using random: inout SeededRandom) -> [UInt8] {
        var sizes = [node.content.bytes.count]
        for change in node.pending {
            switch change {
            case .write(let offset, let new): sizes.append(max(sizes[sizes.count - 1], offset + new.count))
            case .resize(let new): sizes.append(new)
            default: sizes.append(sizes[sizes.count - 1])
            }
        }
        let cuts = sizes.indices.dropFirst().filter { sizes[$0] < sizes[$0 - 1] }
        let applied = Int.random(in: 0...cuts.count, using: &random)
        let latest = applied < cuts.count ? cuts[applied] - 1 : node.pending.count
        func age(from earliest: Int, _ random: inout SeededRandom) -> Int {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: earliest
            case 1: latest
            default: Int.random(in: earliest...latest, using: &random)
            }
        }
        let size = sizes[age(from: applied > 0 ? cuts[applied - 1] : 0, &random)]
        let largest = sizes.max() ?? 0
        let ages = (0...largest / pageSize).map { page in
            age(from: cuts.prefix(applied).last { sizes[$0] < (page + 1) * pageSize } ?? 0, &random)
        }
        var bytes = node.content.bytes + [UInt8](repeating: 0, count: largest - node.content.bytes.count)
        for (index, change) in node.pending.enumerated() {
            let (range, new): (Range<Int>, [UInt8]?) =
                switch change {
                case .write(let offset, let new): (offset..<offset + new.count, new)
                case .resize(let new): (new..<largest, nil)
                default: (0..<0, nil)
                }
            guard !range.isEmpty else { continue }
            for page in range.lowerBound / pageSize...(range.upperBound - 1) / pageSize where index < ages[page] {
                let part = range.clamped(to: page * pageSize..<(page + 1) * pageSize)
                let start = range.lowerBound
                let piece = new.map { Array($0[part.lowerBound - start..<part.upperBound - start]) }
                bytes.replaceSubrange(part, with: piece ?? [UInt8](repeating: 0, count: part.count))
            }
        }
        return Array(bytes.prefix(size))
    }
}

extension SimulatedDisk.Tree {
    /// Makes it a real folder, which is not there yet.
    package func write(to path: String) throws {
        switch self {
        case .file(let bytes): try Data(bytes).write(to: URL(fileURLWithPath: path))
        case .folder(let children):
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (name, child) in children { try child.write(to: "\(path)/\(name)") }
        }
    }

    /// What lies below a real folder.
    package init(of path: String) throws {
        var children: [String: Self] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
            children[name] =
                isFolder.boolValue ? try Self(of: "\(path)/\(name)") : .file(try bytes(of: "\(path)/\(name)"))
        }
        self = .folder(children)
    }
}
