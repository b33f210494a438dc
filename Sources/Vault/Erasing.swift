public import Evidence
internal import Synchronization

extension ObjectStore {
    /// Removes an object's bytes for good: the object, and what stands of it in quarantine. When it returns, the names are gone
    /// from the disk. That there is nothing is no error.
    public func erase(_ digest: Digest) throws(VaultError) {
        try placing.withLock { (_) throws(VaultError) in
            let shard = try attempt("erase", digest.hex) { try self.shard(of: digest) }
            let name = Array(digest.hex.utf8)
            try attempt("erase", digest.hex) {
                if try system.exists(name, in: shard) { try system.unlink(name, in: shard) }
                for quarantined in try system.names(in: quarantine) where quarantined.starts(with: name) {
                    try system.unlink(quarantined, in: quarantine)
                }
            }
            try synchronize("the folders of objects") {
                try system.synchronize(shard)
                try system.synchronize(quarantine)
            }
        }
    }

    /// Whether something stands under a digest; its bytes are not looked at.
    public func isStored(_ digest: Digest) throws(VaultError) -> Bool {
        try attempt("look for", digest.hex) { try system.exists(Array(digest.hex.utf8), in: try shard(of: digest)) }
    }

    /// Empties `trash/`, whatever is in it.
    public func emptyTrash() throws(VaultError) {
        try attempt("empty", "trash") {
            let trash = try system.open(Array("trash".utf8), in: root, isFolder: true)
            try system.removeAll(in: trash)
            try system.synchronize(trash)
        }
    }
}

/// A file outside of the archive that only grows, a line at a time.
public struct LineFile: Sendable {
    public let path: String
    private let system: SystemCalls

    public init(path: String, system: SystemCalls = .linux) {
        self.path = path
        self.system = system
    }

    /// The lines that are there, without their newlines; a last one that was cut off is none. Empty where the file is not there.
    public func lines() throws(VaultError) -> [[UInt8]] {
        try attempt("read", path) {
            let (folder, name) = try place()
            guard try system.exists(name, in: folder) else { return [] }
            let file = try system.open(name, in: folder, followsLink: true)
            let bytes = try contents(of: file, from: 0)
            return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Array($0) }
        }
    }

    /// Makes the file where it is not there, mode 0600, opens it for adding and syncs it: whether a line could be added now.
    public func prepare() throws(VaultError) {
        try attempt("write", path) {
            let (folder, name) = try place()
            try system.synchronize(try system.openToAppend(name, in: folder))
            try system.synchronize(folder)
        }
    }

    /// Adds a line durably: the file is made where it is not there, mode 0600.
    public func append(_ line: [UInt8]) throws(VaultError) {
        try attempt("write", path) {
            let (folder, name) = try place()
            let file = try system.openToAppend(name, in: folder)
            // A line that was cut off by a crash is ended, so that it does not swallow this one.
            let size = try system.status(of: file).size
            let isCutOff = try size > 0 && contents(of: file, from: size - 1) != [0x0A]
            try system.write(file, (isCutOff ? [0x0A] : []) + line + [0x0A])
            try system.synchronize(file)
            try system.synchronize(folder)
        }
    }

    private func place() throws(SystemCallError) -> (folder: Descriptor, name: [UInt8]) {
        let bytes = Array(path.utf8)
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let parent = start == 0 ? [UInt8(ascii: ".")] : Array(bytes[..<start])
        return (try system.open(parent, isFolder: true, followsLink: true), Array(bytes[start...]))
    }

    private func contents(of file: Descriptor, from offset: Int64) throws(SystemCallError) -> [UInt8] {
        let size = Int(try system.status(of: file).size - offset)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try system.read(file, into: buffer, at: offset))])
    }
}
