/// Takes the place of Little CMS's function of this name for every library of this program: no colour profile can be read.
///
/// Poppler would build transformations from the colour profiles that a document brings, on every page, and then use none of
/// them for text. Without them it does what it does for a damaged profile: it goes on with the colour space's alternative.
/// That saves an eighth of the time, and keeps one more parser away from hostile bytes.
@_cdecl("cmsOpenProfileFromMem")
public func openNoColourProfile(_ bytes: UnsafeRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer? {
    nil
}
