/// Writes a bundle as a folder that does not exist yet, with the same files as the ZIP has.
///
/// Until ``finish()`` it stands as a `.part` beside its name. Every file and folder is fsynced. Not for use from several
/// threads at once; every call blocks.
public final class FolderWriter: BundleSink {
    private let place: NewPlace
    private var order = EntryOrder()
    private var isOpen = true
    /// Finished or discarded.
    private var isSettled = false
    /// The folders from the bundle's own down to that of the last file: in ascending order none is needed again once left.
    private var folders: [(name: String, folder: OpenFile)]
    /// What was made, in that order, relative to the bundle's folder.
    private var made: [(path: String, isFolder: Bool)] = []

    /// Makes the `.part` beside `path`.
    /// - Throws: ``BundleFileError``; ``BundleFileError/exists(path:)`` when something has this name.
    public init(path: String) throws(BundleFileError) {
        place = try NewPlace(path)
        folders = [("", try OpenFile(makingFolder: place.part, in: place.folder))]
    }

    deinit { discard() }

    public func add(
        _ name: String, size: Int64, _ body: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        guard isOpen else { throw BundleFileError.closed(path: place.path) }
        isOpen = false
        if let fault = order.fault(next: Array(name.utf8)) { throw BundleFileError.unfitName(name: name, reason: fault) }
        let components = name.split(separator: "/").map(String.init)
        let folder = try folder(components.dropLast())
        // Proof for `!`: a name that is fit has a component.
        let file = try OpenFile(creating: components.last!, in: folder)
        made.append((name, false))
        var given: Int64 = 0
        try body { bytes in
            guard given + Int64(bytes.count) <= size else {
                throw BundleFileError.sizeDiffers(name: name, announced: size, given: given + Int64(bytes.count))
            }
            try file.write(bytes, at: given)
            given += Int64(bytes.count)
        }
        guard given == size else { throw BundleFileError.sizeDiffers(name: name, announced: size, given: given) }
        try file.synchronize()
        isOpen = true
    }

    /// The folder with these components below the bundle's own, made where it is missing; folders left behind are fsynced.
    private func folder(_ components: ArraySlice<String>) throws(BundleFileError) -> OpenFile {
        var common = 0
        while common < components.count, common + 1 < folders.count, folders[common + 1].name == components[common] { common += 1 }
        try leave(downTo: common + 1)
        for name in components[common...] {
            let folder = try OpenFile(makingFolder: name, in: folders[folders.count - 1].folder)
            folders.append((name, folder))
            made.append((folders.dropFirst().map(\.name).joined(separator: "/"), true))
        }
        return folders[folders.count - 1].folder
    }

    private func leave(downTo count: Int) throws(BundleFileError) {
        while folders.count > count { try folders.removeLast().folder.synchronize() }
    }

    public func finish() throws(BundleFileError) {
        guard isOpen else {
            discard()
            throw .closed(path: place.path)
        }
        do throws(BundleFileError) {
            try leave(downTo: 1)
            try folders[0].folder.synchronize()
            try place.install(isFolder: true)
            isOpen = false
            isSettled = true
        } catch {
            discard()
            throw error
        }
    }

    public func discard() {
        isOpen = false
        guard !isSettled else { return }
        isSettled = true
        // A leftover has a name that says what it is; the error that brought us here is the one to tell.
        for (path, isFolder) in made.reversed() { do { try folders[0].folder.remove(path, isFolder: isFolder) } catch {} }
        do { try place.folder.remove(place.part, isFolder: true) } catch {}
    }
}
