"""The bounds on input. No real use reaches one; each says what it counts, and why it is there.

The page `reference/limits.md` of the documentation is generated from this module.
"""

MIB = 2**20

# --- space files and settings ---------------------------------------------------------------------

MAX_SPACE_BYTES = 64 * 1024
"""Bytes of a space file. The longest file that comes with the package has 2 KiB."""

MAX_YAML_VALUES = 20_000
"""Values of a YAML document after each alias is replaced by what it names."""

MAX_YAML_DEPTH = 50
"""Levels of lists and mappings in a YAML document. A space has five."""

MAX_NUMBER_LENGTH = 40
"""Characters of a number in a YAML document. A double needs 24."""

MAX_SETTING_LENGTH = 4_096
"""Characters of a text in a space: a path is at most that long."""

MAX_INTEGER = 2**53
"""Largest whole number of a setting: the last one that every number type holds exactly."""

MAX_OPTIONS = 1_000
"""Options of a `choice`: each one is validated."""

MAX_EPOCHS = 100_000
"""Curriculum epochs: a schedule holds one number for each."""

MAX_KNOTS = 16
"""Knots of a free-form curve: each may be an axis."""

MAX_TRIALS = 100_000
"""Configurations of a sweep."""

MAX_PLUGIN_BYTES = MIB
"""Bytes of a plug-in file: it goes to every worker. The longest file of the package has 20 KiB."""

# --- files ----------------------------------------------------------------------------------------

MAX_TABLE_BYTES = 4 * 1024 * MIB
"""Bytes of a table, decompressed: five million pairs of 800 bytes."""

MAX_EXPANSION = 100
"""Decompressed bytes for each compressed byte. Tables of molecules and texts have 3 to 20."""

MIN_EXPANDED_BYTES = MIB
"""Decompressed bytes that every compressed file may have, however small it is."""

MAX_ROWS = 5_000_000
"""Lines of a text file, and rows of a Parquet file."""

MAX_LINE = 16 * MIB
"""Characters of a line: a row of texts."""

MAX_TEXT = 1_000_000
"""Characters of one value: a text, a SMILES or an id. The longest text of ChEBI-20 has 8,000."""

MAX_RESULT_BYTES = 1024 * MIB
"""Bytes of a file of a results or model folder that is read as a whole, weights excepted."""

MAX_WEIGHTS_BYTES = 256 * 1024 * MIB
"""Bytes of a file of weights or vectors."""

MAX_VECTOR = 65_536
"""Numbers of one vector of a feature file. The longest fingerprint here has 16,384."""

# --- molecules ------------------------------------------------------------------------------------

MAX_SMILES = 5_000
"""Characters of a SMILES. The longest of ChEBI-20 has 1,598; RDKit crashes at about 20,000."""

MAX_SMILES_DEPTH = 200
"""Nested branches of a SMILES. RDKit calls itself for each, and a deep call ends the process."""

MAX_RINGS = 200
"""Rings of a molecule: RDKit's search for the smallest rings is slow in a cage of many."""

MAX_ATOMS = 1_000
"""Atoms of a molecule without implicit hydrogen. PubChem holds molecules of up to 999 atoms."""
