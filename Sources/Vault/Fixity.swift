public import Evidence
internal import Synchronization

extension ObjectStore {
    /// Whether anything stands in the folders of objects of the archive in `folder`.
    static func hasObjects(in folder: Descriptor, system: SystemCalls) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            let objects = try system.open(Array("objects/sha256".utf8), in: folder, isFolder: true)
            for shard in try system.names(in: objects) {
                if try !system.names(in: try system.open(shard, in: objects, isFolder: true)).isEmpty { return true }
            }
        } catch  where error.isMissing {}
        return false
    }

    /// Reads the whole object and answers what is wrong with it, `nil` when nothing is.
    public func damage(of digest: Digest, size: Int64) -> Damage? {
        do {
            let file = try openObject(digest)
            let found = try system.status(of: file).size
            guard found == size else { return .sizeDiffers(expected: size, found: found) }
            system.adviseSequential(file)
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: Int(min(max(size, 1), Int64(pieceSize))), alignment: 4096)
            defer { buffer.deallocate() }
            var hasher = DigestHasher()
            var offset: Int64 = 0
            while offset < size {
                let count = try system.read(file, into: buffer, at: offset)
                guard count > 0 else { return .sizeDiffers(expected: size, found: offset) }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
            let digestFound = hasher.finalize()
            return digestFound == digest ? nil : .contentDiffers(found: digestFound)
        } catch let damage as Damage {
            return damage
        } catch let error as SystemCallError {
            return .unreadable(error)
        } catch {
            // Nothing else is thrown above; the compiler cannot know, and a check must not claim soundness.
            return .missing
        }
    }

    /// The digests of an object's pieces, computed from its bytes; `nil` when they are not the recorded ones.
    public func digestPieces(of description: ObjectDescription) throws(VaultError) -> [Digest]? {
        guard damage(of: description.digest, size: description.size) == nil else { return nil }
        return try attempt("read object", description.digest.hex) {
            let file = try openObject(description.digest)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
            defer { buffer.deallocate() }
            var pieces = PieceDigests()
            var offset: Int64 = 0
            while offset < description.size {
                let count = try system.read(file, into: buffer, at: offset)
                guard count > 0 else { return nil }
                pieces.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
            let list = pieces.finalize()
            return PieceDigests.listDigest(list) == description.pieceListDigest ? list : nil
        }
    }

    /// Looks at an object that was found damaged once more and, unless it is gone or cannot be read, moves what stands
    /// there to quarantine and syncs both folders.
    ///
    /// - Returns: what is wrong with it now, and whether it was moved; `nil` when it is right by now.
    public func quarantine(_ digest: Digest, size: Int64) throws(VaultError) -> (damage: Damage, isMoved: Bool)? {
        try placing.withLock { (_) throws(VaultError) in
            guard let damage = damage(of: digest, size: size) else { return nil }
            switch damage {
            // An unreadable sector or a full table of descriptors is no reason to move the only copy.
            case .missing, .unreadable: return (damage, false)
            case .notAFile, .sizeDiffers, .contentDiffers, .pieceDiffers:
                let shard = try attempt("quarantine", digest.hex) { try self.shard(of: digest) }
                try moveToQuarantine(digest, from: shard)
                return (damage, true)
            }
        }
    }

    /// Moves what stands under the digest, whatever it is.
    func moveToQuarantine(_ digest: Digest, from shard: Descriptor) throws(VaultError) {
        try attempt("quarantine", digest.hex) {
            try system.rename(Array(digest.hex.utf8), in: shard, to: quarantineName(digest), in: quarantine)
        }
        try synchronize("the quarantine") {
            try system.synchronize(quarantine)
            try system.synchronize(shard)
        }
    }

    func quarantineName(_ digest: Digest) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return Array("\(digest.hex).\(String(generator.next() as UInt32, radix: 16))".utf8)
    }

    /// Calls `body` with the name of everything under `objects/sha256`, folder by folder: digests, and names that
    /// should not be there.
    public func forEachStored(_ body: (StoredName) throws -> Void) throws {
        let shards = Set((UInt8.min...UInt8.max).map(hexadecimal))
        for name in try attempt("list", "objects/sha256", { try system.names(in: objects) }) where !shards.contains(name) {
            try body(.foreign("objects/sha256/\(displayName(name))"))
        }
        for byte in UInt8.min...UInt8.max {
            let shardName = hexadecimal(byte)
            let names = try attempt("list", "objects/sha256/\(displayName(shardName))") {
                try system.names(in: try system.open(shardName, in: objects, isFolder: true))
            }
            for name in names {
                let text = displayName(name)
                if let digest = Digest(hex: text), digest.withUnsafeBytes({ $0[0] }) == byte {
                    try body(.object(digest))
                } else {
                    try body(.foreign("objects/sha256/\(displayName(shardName))/\(text)"))
                }
            }
        }
    }
}

/// What stands in the folders of objects.
public enum StoredName: Sendable {
    case object(Digest)
    /// A path, relative to the archive, that no object has.
    case foreign(String)
}
