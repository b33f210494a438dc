import CPoppler
import Glibc

/// The text of a page with its words kept apart.
///
/// `poppler_page_get_text` writes words of neighbouring table cells without anything between them ("Nội dungCách học"), so
/// neither could be found. Poppler's layout, a rectangle for each character, shows the gaps; a tab is put into them.
struct PageText {
    /// A gap this wide, in parts of the characters' size, parts words. Poppler itself takes 0.15 of the font size for a space.
    private static let gap = 0.2

    /// UTF-8.
    let bytes: UnsafeBufferPointer<UInt8>
    private let text: UnsafeMutableRawPointer

    /// The text of the page; `nil` where it has none. Stays until ``release()``.
    init?(_ page: OpaquePointer) {
        guard let text = poppler_page_get_text(page) else { return nil }
        let length = strlen(text)
        let original = UnsafeBufferPointer(
            start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: length)
        var rectangles: UnsafeMutablePointer<PopplerRectangle>?
        var count: guint = 0
        defer { g_free(rectangles) }
        guard poppler_page_get_text_layout(page, &rectangles, &count) != 0, let rectangles,
            let gaps = Self.gaps(original, UnsafeBufferPointer(start: rectangles, count: Int(count))), !gaps.isEmpty
        else {
            self.text = UnsafeMutableRawPointer(text)
            bytes = original
            return
        }
        let parted = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: length + gaps.count)
        var (start, end) = (0, 0)
        for gap in gaps + [length] {
            end = parted[end...].update(fromContentsOf: original[start..<gap])
            if gap < length {
                parted[end] = UInt8(ascii: "\t")
                end += 1
            }
            start = gap
        }
        g_free(text)
        self.text = UnsafeMutableRawPointer(parted.baseAddress!)  // allocated with room for at least one gap
        bytes = UnsafeBufferPointer(parted)
    }

    func release() { free(text) }

    /// Where a tab belongs before the byte; `nil` when the layout is not the text's.
    private static func gaps(
        _ text: UnsafeBufferPointer<UInt8>, _ layout: UnsafeBufferPointer<PopplerRectangle>
    ) -> [Int]? {
        var gaps: [Int] = []
        var character = -1
        var previousIsWord = false
        for (offset, byte) in text.enumerated() where byte & 0xC0 != 0x80 {
            character += 1
            guard character < layout.count else { return nil }
            let isWord = byte > 0x20
            if isWord, previousIsWord, isGap(layout[character - 1], layout[character]) { gaps.append(offset) }
            previousIsWord = isWord
        }
        return character + 1 == layout.count ? gaps : nil
    }

    /// Whether two characters that follow one another stand apart, in whatever direction the text runs.
    private static func isGap(_ left: PopplerRectangle, _ right: PopplerRectangle) -> Bool {
        let across = max(right.x1 - left.x2, left.x1 - right.x2)
        let along = max(right.y1 - left.y2, left.y1 - right.y2)
        let size = max(left.x2 - left.x1, left.y2 - left.y1, right.x2 - right.x1, right.y2 - right.y1)
        return max(across, along) > gap * size
    }
}
