/// Reads a bundle from a folder, in the order in which its ZIP has the files.
///
/// Refused are symbolic links and everything else that is neither a regular file nor a folder, names that a bundle does not
/// have, empty folders, which a ZIP could not tell, and files that change while they are read. Links are never followed below
/// the folder. Not for use from several threads at once; every call blocks.
public final class FolderReader: BundleSource {
    private let root: OpenFile
    private let path: String

    /// Opens the folder; nothing of it is read yet.
    /// - Throws: ``BundleFileError``.
    public init(path: String) throws(BundleFileError) {
        self.path = path
        root = try OpenFile(reading: path, isFolder: true)
    }

    public func walk(
        _ visit: (
            _ name: String, _ size: Int64, _ read: @escaping (_ piece: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) throws -> Void
    ) throws {
        var order = EntryOrder()
        try walk(root, prefix: [], order: &order, visit)
    }

    private func walk(
        _ folder: OpenFile, prefix: [UInt8], order: inout EntryOrder,
        _ visit: (
            _ name: String, _ size: Int64, _ read: @escaping (_ piece: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) throws -> Void
    ) throws {
        let names = try folder.names()
        if names.isEmpty, !prefix.isEmpty { throw wrong(prefix.dropLast(), "it is an empty folder") }
        var children: [(name: [UInt8], kind: OpenFile.Status.Kind)] = []
        for name in names {
            if let fault = BundleName.fault(prefix + name) { throw wrong(prefix + name, fault) }
            guard let status = try folder.status(of: name) else {
                throw BundleFileError.changedWhileRead(path: path, entry: text(prefix + name))
            }
            guard status.kind == .file || status.kind == .folder else {
                throw wrong(prefix + name, status.kind == .link ? "it is a symbolic link" : "it is no regular file")
            }
            children.append((status.kind == .folder ? name + [UInt8(ascii: "/")] : name, status.kind))
        }
        // With its slash a folder sorts as the names below it do.
        children.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (name, kind) in children {
            let full = prefix + name
            if kind == .folder {
                try walk(OpenFile(reading: Array(name.dropLast()), in: folder, isFolder: true), prefix: full, order: &order, visit)
                continue
            }
            if let fault = order.fault(next: full) { throw wrong(full, fault) }
            let file = try OpenFile(reading: name, in: folder)
            let before = try file.status()
            guard before.kind == .file else { throw wrong(full, "it is no regular file") }
            file.adviseSequential()
            let reading = EntryReading(file: file, path: path, name: text(full), offset: 0, size: before.size, status: before)
            try reading.offer(to: visit)
        }
    }

    private func wrong(_ name: some Collection<UInt8>, _ reason: String) -> BundleFileError {
        .malformed(path: path, entry: text(name), reason: reason)
    }
}
