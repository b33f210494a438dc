public import Evidence

/// Copies of objects from one store to another: of a backup, and out of it.
extension ObjectStore {
    /// The size of what stands under the digest; `nil` where no file does.
    public func storedSize(of digest: Digest) -> Int64? {
        do {
            return try system.status(of: openObject(digest)).size
        } catch {
            // Whatever it is, it is no object; the copy that follows says why.
            return nil
        }
    }

    /// The digests under which something lies in quarantine.
    public func quarantined() throws(VaultError) -> Set<Digest> {
        Set(try attempt("list", "quarantine") { try system.names(in: quarantine) }.compactMap { Digest(hex: displayName($0).prefix(64)) })
    }

    /// What became of the copy of an object.
    public enum Copy: Sendable {
        /// Its bytes are those of the digest, and in staging; they have to be sealed or discarded.
        case staged(StagedObject)
        /// The original is damaged; nothing was copied.
        case damaged(Damage)
    }

    /// Copies an object out of another store, whose folder is `folder`, into staging, after which its bytes are known to be right.
    /// - Throws: ``VaultError`` where this store fails.
    public func stageCopy(of digest: Digest, size: Int64, from folder: String) throws(VaultError) -> Copy {
        let path = Array("\(folder)/objects/sha256/\(digest.hex.prefix(2))/\(digest.hex)".utf8)
        let staged: StagedObject
        do throws(VaultError) {
            staged = try stage(file: path)
        } catch {
            switch error {
            case .notAFile: return .damaged(.notAFile)
            case .emptyFile: return .damaged(.sizeDiffers(expected: size, found: 0))
            case .system("read", _, let cause): return .damaged(cause.isMissing ? .missing : .unreadable(cause))
            default: throw error
            }
        }
        guard staged.digest == digest else {
            discard(staged)
            let found = staged.description.size
            return .damaged(found == size ? .contentDiffers(found: staged.digest) : .sizeDiffers(expected: size, found: found))
        }
        return .staged(staged)
    }
}
