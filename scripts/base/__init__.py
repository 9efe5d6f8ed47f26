"""The ground floor: what every command uses. Imports nothing of scripts/ but itself."""
