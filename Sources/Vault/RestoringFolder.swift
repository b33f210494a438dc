/// Where an archive is built from a backup: beside the place that it is for, so that it gets its name in one step at the end.
///
///     NEW.restoring/minhchung-restore     says what this is, and is locked while it is built
///     NEW.restoring/archive/              becomes NEW
///
/// What an interrupted restore left is removed by the next one for the same place; what is not known to be that never is.
public final class RestoringFolder: Sendable {
    /// The path of the archive while it is built.
    public let archivePath: String
    private let target: String
    private let targetName: [UInt8]
    private let parent: Descriptor
    private let name: [UInt8]
    private let folder: Descriptor
    private let lock: Descriptor
    private let system: SystemCalls

    private static let archive = Array("archive".utf8)
    private static let marker = Array("minhchung-restore".utf8)

    /// Begins to build what becomes `target`, which must not exist or be an empty folder.
    public init(for target: String, system: SystemCalls = .linux) throws(VaultError) {
        var path = Array(target.utf8)
        while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
        let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let above = start == 0 ? [UInt8(ascii: ".")] : Array(path[..<start])
        let own = Array(path[start...])
        guard !own.isEmpty, own != Array(".".utf8), own != Array("..".utf8) else {
            throw .cannotCreate(path: target, reason: "it has no name of its own; choose another folder")
        }
        let name = own + Array(".restoring".utf8)
        let begun = try attempt("restore to", target) {
            let parent = try ArchiveFolder.makeFolders(above, system: system)
            try Self.checkTarget(own, in: parent, path: target, system)
            try system.makeFolder(name, in: parent)
            let folder = try system.open(name, in: parent, isFolder: true)
            let place = "\(target).restoring"
            let foreign = try system.names(in: folder).filter { $0 != Self.archive && $0 != Self.marker }
            let isMarked = try system.exists(Self.marker, in: folder)
            guard foreign.isEmpty, try isMarked || system.names(in: folder).isEmpty else {
                throw VaultError.cannotCreate(
                    path: target, reason: "\(place) is in the way, and no restore has left it there; move it away")
            }
            guard let lock = try system.lock(Self.marker, in: folder) else {
                throw VaultError.cannotCreate(path: target, reason: "another process is restoring to it")
            }
            if try system.exists(Self.archive, in: folder) {
                try system.removeAll(in: try system.open(Self.archive, in: folder, isFolder: true))
                try system.removeFolder(Self.archive, in: folder)
            }
            try system.synchronize(folder)
            try system.synchronize(parent)
            return (parent, folder, lock)
        }
        self.target = target
        targetName = own
        self.name = name
        (parent, folder, lock) = begun
        archivePath = String(decoding: path, as: UTF8.self) + ".restoring/archive"
        self.system = system
    }

    private static func checkTarget(_ name: [UInt8], in parent: Descriptor, path: String, _ system: SystemCalls) throws {
        guard try system.exists(name, in: parent) else { return }
        let isEmpty = try self.isEmpty(name, in: parent, system)
        guard isEmpty else {
            throw VaultError.cannotCreate(path: path, reason: "there is something already; an archive is restored to a new folder")
        }
    }

    private static func isEmpty(_ name: [UInt8], in parent: Descriptor, _ system: SystemCalls) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            return try system.names(in: try system.open(name, in: parent, isFolder: true)).isEmpty
        } catch  where error.isLink {
            return false
        }
    }

    /// Gives the archive its name, durably. Nothing that stands there is replaced, but an empty folder.
    public func complete() throws(VaultError) {
        try attempt("restore to", target) {
            try system.synchronize(try system.open(Self.archive, in: folder, isFolder: true))
            try Self.checkTarget(targetName, in: parent, path: target, system)
            if try system.exists(targetName, in: parent) { try system.removeFolder(targetName, in: parent) }
            try system.rename(Self.archive, in: folder, to: targetName, in: parent)
            try system.synchronize(parent)
            try system.unlink(Self.marker, in: folder)
            try system.removeFolder(name, in: parent)
            try system.synchronize(parent)
        }
    }

    /// Removes what was built.
    public func discard() throws(VaultError) {
        try attempt("remove", "\(target).restoring") {
            if try system.exists(Self.archive, in: folder) {
                try system.removeAll(in: try system.open(Self.archive, in: folder, isFolder: true))
                try system.removeFolder(Self.archive, in: folder)
            }
            try system.unlink(Self.marker, in: folder)
            try system.removeFolder(name, in: parent)
            try system.synchronize(parent)
        }
    }
}
